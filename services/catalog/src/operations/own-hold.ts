import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { HoldNow, Holds } from '../stores/holds.ts';

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
