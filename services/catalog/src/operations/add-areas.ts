import { isRefusal, type Refusal } from '@holdfast/shared/errors.ts';
import { fingerprint } from '@holdfast/shared/ids.ts';
import type { HoldNow } from '../stores/holds.ts';
import { type AddSeats, addSeats, changeIdOf, replayChange } from './add-seats.ts';
import { findOwnAtRest, refuseInactive } from './own-hold.ts';
import { type AreaWish, takePlaces } from './take-areas.ts';
import type { BestDependencies } from './take-best.ts';

export type AddAreas = Omit<AddSeats, 'seatIds' | 'types' | 'picked'> & {
  areas: readonly AreaWish[];
};

/**
 * Takes places of standing areas into a live hold, all or none: picked as for a new hold, added as
 * seats are. A repeat under its Idempotency-Key answers the hold as it is, whatever is free by now.
 */
export async function addAreas(
  deps: BestDependencies,
  { areas, ...command }: AddAreas,
): Promise<HoldNow | Refusal> {
  const found = await findOwnAtRest(deps, command);
  if (isRefusal(found)) return found;
  const request = fingerprint({ addAreas: areas });
  const answer =
    replayChange(found, { changeId: changeIdOf(command), fingerprint: request }) ??
    refuseInactive(found.hold, found.now);
  if (answer) return answer;
  const { eventId } = found.hold;
  return takePlaces(deps, { eventId, areas }, (places) =>
    addSeats(deps, { ...command, ...places, picked: { fingerprint: request } }),
  );
}
