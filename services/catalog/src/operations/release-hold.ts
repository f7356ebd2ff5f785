import { Fault, type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { isMiddle } from '../hold.ts';
import type { HoldNow } from '../stores/holds.ts';
import type { HoldStores } from './dependencies.ts';
import { finishHold } from './finish-hold.ts';
import { findOwnAtRest } from './own-hold.ts';

const MOST_TRIES = 20;

/** Gives a hold back. One that has ended already is answered as it is: its seats are not held. */
export async function releaseHold(
  stores: HoldStores,
  command: { holdId: string; userId: string; origin: Origin },
): Promise<HoldNow | Refusal> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const found = await findOwnAtRest(stores, command);
    if ('kind' in found) return found;
    const { hold, now } = found;
    if (hold.state === 'held') {
      const begun = await stores.holds.begin(hold, 'releasing', {
        origin: command.origin,
        reason: 'released by its owner',
      });
      if (begun) await finishHold(stores, begun);
      continue;
    }
    if (hold.state === 'releasing' || hold.state === 'expiring') {
      await finishHold(stores, hold);
      continue;
    }
    if (hold.state === 'released' || hold.state === 'expired') return { hold, now };
    if (isMiddle(hold.state) || hold.state === 'pinned') {
      return refused('hold_in_checkout', 'The hold is being paid: it can not be given back now.');
    }
    return refused('hold_not_active', `The hold is ${hold.state}: cancel its booking instead.`);
  }
  throw new Fault('hold_contended', `Hold ${command.holdId} kept changing`, { retryable: true });
}
