import { holdEndingSoon } from '@holdfast/shared/contracts/holds.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { holdMessage } from '../messages.ts';
import type { HoldNow } from '../stores/holds.ts';
import type { HoldStores } from './dependencies.ts';

const BATCH = 500;

/**
 * Tells of each hold that ends within `warningMs`, once for each end it has: an extended hold is
 * told of again. The mark and the message are one write by the rule that chose the hold, so
 * several processes may do so together. Answers how many were told of.
 */
export async function tellEndingSoon(stores: HoldStores, warningMs: number): Promise<number> {
  const ending = await stores.changes.endingWithin(warningMs, BATCH);
  if (ending.length === 0) return 0;
  const told = await stores.changes.warn(
    ending.map((one) => ({ hold: one.hold, message: warning(one) })),
  );
  if (told > 0) stores.wake();
  return told;
}

function warning({ hold, now }: HoldNow) {
  return holdMessage(holdEndingSoon, hold, {
    id: derivedId(hold._id, holdEndingSoon.type, hold.expiresAt.toISOString()),
    seats: [],
    has: hold.seats,
    expiresAt: hold.expiresAt,
    version: hold.version,
    time: now,
    origin: systemOrigin('catalog', hold._id),
  });
}
