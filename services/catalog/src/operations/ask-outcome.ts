import { holdPinUnsettled } from '@holdfast/shared/contracts/holds.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import type { Hold } from '../hold.ts';
import { holdMessage } from '../messages.ts';
import type { HoldStores } from './dependencies.ts';

/** Asks booking what became of a pin that has waited too long; it answers by repeating the outcome. */
export async function askOutcome(stores: HoldStores, hold: Hold): Promise<boolean> {
  const message = holdMessage(holdPinUnsettled, hold, {
    seats: await stores.seats.changesOf(hold),
    expiresAt: null,
    version: hold.version,
    time: hold.movedAt,
    origin: systemOrigin('sweeper', hold._id),
    pinId: hold.pinId,
    bookingId: hold.bookingId,
  });
  const asked = await stores.holds.ask(hold, message);
  if (asked) stores.wake();
  return asked;
}
