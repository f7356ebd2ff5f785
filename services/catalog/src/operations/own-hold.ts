import { Fault, isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { type Hold, shownStatus } from '../hold.ts';
import type { HoldNow, Holds } from '../stores/holds.ts';
import type { HoldStores } from './dependencies.ts';
import { finishHold } from './finish-hold.ts';

const MOST_TRIES = 20;

/** A hold by its id, for its owner only. */
export async function findOwn(
  holds: Holds,
  ask: { holdId: string; userId: string },
): Promise<HoldNow | Refusal> {
  const found = await holds.find(ask.holdId);
  if (found === undefined || found.hold.state === 'aborted') {
    return refused('hold_not_found', `There is no hold ${ask.holdId}.`);
  }
  if (found.hold.userId !== ask.userId) {
    return refused('hold_not_owner', 'The hold belongs to another account.');
  }
  return found;
}

/** The same, once a drop of seats that is under way or broke off is finished. */
export async function findOwnAtRest(
  stores: HoldStores,
  ask: { holdId: string; userId: string },
): Promise<HoldNow | Refusal> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const found = await findOwn(stores.holds, ask);
    if (isRefusal(found) || found.hold.state !== 'dropping') return found;
    await finishHold(stores, found.hold);
  }
  throw new Fault('hold_contended', `Hold ${ask.holdId} kept changing`, { retryable: true });
}

/** Why a hold can not be changed by its owner now, if it can not. */
export function refuseInactive(hold: Hold, now: Date): Refusal | undefined {
  const status = shownStatus(hold, now);
  switch (status) {
    case 'held':
      return undefined;
    case 'expired':
      return refused('hold_expired', 'The hold has run out: take the seats anew.');
    case 'in_checkout':
      return refused('hold_in_checkout', 'The hold is being paid and does not expire meanwhile.');
    default:
      return refused('hold_not_active', `The hold is ${status}.`);
  }
}
