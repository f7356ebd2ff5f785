import { type Origin, systemOrigin } from '@holdfast/shared/origin.ts';
import type { Hold } from '../hold.ts';
import type { HoldStores } from './dependencies.ts';
import { finishHold } from './finish-hold.ts';

/** Ends a hold that ran out; false when it was extended, pinned or ended meanwhile. */
export async function expireHold(
  stores: HoldStores,
  hold: Hold,
  origin: Origin = systemOrigin('sweeper', hold._id),
): Promise<boolean> {
  const begun = await stores.holds.begin(hold, 'expiring', { origin, reason: 'ran out of time' });
  if (begun === null) return false;
  await finishHold(stores, begun);
  return true;
}
