import { holdExpired } from '@holdfast/shared/contracts/holds.ts';
import { type Origin, systemOrigin } from '@holdfast/shared/origin.ts';
import { type Hold, historyEntry } from '../hold.ts';
import { holdMessage } from '../messages.ts';
import type { HoldNow } from '../stores/holds.ts';
import type { HoldStores } from './dependencies.ts';
import { finishHold, hasMoved } from './finish-hold.ts';

const REASON = 'ran out of time';

/** Ends a hold that ran out; false when it was extended, pinned or ended meanwhile. */
export async function expireHold(
  stores: HoldStores,
  { hold, now }: HoldNow,
  origin: Origin = systemOrigin('sweeper', hold._id),
): Promise<boolean> {
  if (hold.state !== 'held' || hold.expiresAt > now) return false;
  if (await letGo(stores, hold, now, origin)) return true;
  const begun = await stores.holds.begin(hold, 'expiring', { origin, reason: REASON });
  if (begun === null) return false;
  await finishHold(stores, begun);
  return true;
}

/**
 * The way of nearly all: nothing but its end can come to a hold that has run out, so its seats
 * may go first, each by its own end, and the document follows in one write (decision 13). False
 * where a seat lasts longer: an extension may be under way, which only the document can stop.
 */
async function letGo(stores: HoldStores, hold: Hold, now: Date, origin: Origin): Promise<boolean> {
  await stores.seats.lapse(hold);
  const seats = await stores.seats.changesOf(hold);
  if (seats.some((seat) => seat.status === 'held' && seat.hold?.id === hold._id)) return false;
  const expired = await stores.holds.settle(hold, 'expired', {
    message: holdMessage(holdExpired, hold, {
      seats,
      has: [],
      expiresAt: null,
      version: hold.version + 1,
      time: now,
      origin,
      reason: REASON,
    }),
    entry: historyEntry(now, origin, REASON, { state: 'held' }, { state: 'expired' }),
    set: { movedAt: now },
  });
  if (expired === null) return false;
  await stores.quotas.end(hold);
  hasMoved(stores, expired);
  return true;
}
