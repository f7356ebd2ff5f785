import { attemptsOf, type Hold } from '../hold.ts';
import type { HoldStores } from './dependencies.ts';

/**
 * Gives back what a try took in the name of a hold that has its document without it: an addition
 * that broke off, or a second process under the same Idempotency-Key. The fence first, so that
 * a try that is only slow can not stand in the document any more. False when the try stands in the
 * document after all, or the hold moved meanwhile: the next round looks again.
 */
export async function abandonTry(
  stores: Pick<HoldStores, 'changes' | 'seats' | 'quotas'>,
  hold: Hold,
  attemptId: string,
  eventId = hold.eventId,
): Promise<boolean> {
  if (attemptsOf(hold).includes(attemptId)) return false;
  // Only a held one takes additions; in any other state the version has grown since the try.
  if (hold.state === 'held' && !(await stores.changes.fence(hold))) return false;
  await stores.seats.giveBack(eventId, hold._id, attemptId);
  await stores.quotas.dropTry({ userId: hold.userId, eventId, attemptId });
  return true;
}
