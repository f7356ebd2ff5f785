import { Fault, isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { fingerprint } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { SoldEvent } from '../event.ts';
import { MOST_CHANGES } from '../hold.ts';
import type { HoldNow } from '../stores/holds.ts';
import { changeIdOf, replayChange } from './add-seats.ts';
import { refuseLeaving } from './check-policy.ts';
import type { HoldStores } from './dependencies.ts';
import { finishHold } from './finish-hold.ts';
import { findOwnAtRest, refuseInactive } from './own-hold.ts';

const MOST_TRIES = 20;

/**
 * Gives one seat of a live hold back; without its last seat the hold is released. The document
 * first, then the seat: so a seat that was dropped is never pinned. Dropping it again changes
 * nothing.
 */
export async function dropSeat(
  deps: HoldStores & { events: { find(eventId: string): Promise<SoldEvent | undefined> } },
  command: {
    holdId: string;
    userId: string;
    seatId: string;
    idempotencyKey: string | undefined;
    origin: Origin;
  },
): Promise<HoldNow | Refusal> {
  const { seatId, origin } = command;
  const wish = { changeId: changeIdOf(command), fingerprint: fingerprint({ drop: seatId }) };
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const found = await findOwnAtRest(deps, command);
    if (isRefusal(found)) return found;
    const { hold, now } = found;
    const changes = hold.changes ?? [];
    const answer = replayChange(found, wish);
    if (answer) return answer;
    if (!hold.seats.some((seat) => seat.seatId === seatId)) {
      const dropped = changes.some((one) => one.kind === 'drop' && one.seatIds.includes(seatId));
      return dropped
        ? found
        : refused('seat_not_in_hold', `The hold has no seat ${seatId}.`, { seatId });
    }
    if (hold.state === 'released') return found;
    const refusal = refuseInactive(hold, now) ?? refuseMore(changes.length);
    if (refusal) return refusal;
    const event = (await deps.events.find(hold.eventId)) ?? { _id: hold.eventId };
    const alone = await refuseLeaving(deps, event, seatId, hold.seats);
    if (alone) return alone;
    const begun =
      hold.seats.length === 1
        ? await deps.holds.begin(hold, 'releasing', { origin, reason: 'last seat dropped' })
        : await deps.changes.beginDrop(
            hold,
            { kind: 'drop', id: wish.changeId, fingerprint: wish.fingerprint, seatIds: [seatId] },
            origin,
          );
    if (begun) await finishHold(deps, begun);
  }
  throw new Fault('hold_contended', `Hold ${command.holdId} kept changing`, { retryable: true });
}

function refuseMore(changes: number): Refusal | undefined {
  return changes < MOST_CHANGES
    ? undefined
    : refused(
        'hold_change_limit',
        `The seats of a hold can be changed ${MOST_CHANGES} times; this one's were. Release it whole.`,
      );
}
