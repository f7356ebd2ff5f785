import { monotonicMs } from '@holdfast/shared/clock.ts';
import { holdChanged } from '@holdfast/shared/contracts/holds.ts';
import type { OfferSeat } from '@holdfast/shared/contracts/offer.ts';
import { Fault, isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint, newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { isPriced, priceSeats, type SoldEvent } from '../event.ts';
import { refuseSale } from '../event-status.ts';
import { type Hold, historyEntry, MOST_CHANGES } from '../hold.ts';
import { holdMessage } from '../messages.ts';
import type { Seat } from '../seat.ts';
import type { HoldNow } from '../stores/holds.ts';
import type { Take } from '../stores/seat-rules.ts';
import { chooseTypes, explainSale, namesOf, saleOf, type TypeWish } from '../ticket-types.ts';
import type { InTurn } from '../turns.ts';
import { abandonTry } from './abandon-try.ts';
import { refuseLoneCompanions, refuseSingles } from './check-policy.ts';
import type { HoldLimits, HoldStores } from './dependencies.ts';
import { findOwnAtRest, refuseInactive } from './own-hold.ts';
import {
  mostSeats,
  refuseFull,
  refuseInFlight,
  refuseReusedKey,
  refuseTaken,
  refuseTooMany,
} from './refusals.ts';
import { seizeOrUndo, undoTake } from './seize-seats.ts';

export type AddSeats = {
  holdId: string;
  userId: string;
  seatIds: readonly string[];
  idempotencyKey: string | undefined;
  origin: Origin;
  /** As which types the seats are wanted, where not as the event's default. */
  types?: TypeWish;
  /** Set where the seats were picked for the account: what a repeat is known by. */
  picked?: { fingerprint: string };
};

type Dependencies = HoldStores & {
  limits: HoldLimits;
  events: { find(eventId: string): Promise<SoldEvent | undefined> };
  inTurn: InTurn;
};

type Wish = AddSeats & { changeId: string; fingerprint: string };

const MOST_TRIES = 10;

/**
 * Takes more seats into a live hold, all or none, at the event's prices of now; they end with the
 * hold. As with a take, the quota's claim comes first, then the seats, then the document, by
 * compare-and-set: where the hold has moved meanwhile, what was taken is given back and the
 * hold looked at again. A try that breaks off is given back by the sweeper (`abandonTry`).
 */
export async function addSeats(deps: Dependencies, command: AddSeats): Promise<HoldNow | Refusal> {
  const seatIds = [...command.seatIds].sort();
  const wish: Wish = {
    ...command,
    seatIds,
    fingerprint: command.picked?.fingerprint ?? fingerprintOf(command, seatIds),
    changeId: changeIdOf(command),
  };
  return deps.inTurn([command.holdId], async () => {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const answer = await tryToAdd(deps, wish);
      if (answer) return answer;
    }
    throw new Fault('hold_contended', `Hold ${wish.holdId} kept changing`, { retryable: true });
  });
}

/** What a repeat is known by; types that nobody named are not part of it. */
function fingerprintOf({ types }: AddSeats, seatIds: readonly string[]): string {
  const named = types && namesOf(types, seatIds);
  return fingerprint({ add: seatIds, ...(named && { types: named }) });
}

/** What names a change of a hold's seats: the same for each repeat under an Idempotency-Key. */
export function changeIdOf(command: {
  holdId: string;
  idempotencyKey: string | undefined;
}): string {
  return command.idempotencyKey === undefined
    ? newId()
    : derivedId('change', command.holdId, command.idempotencyKey);
}

/** The answer to a change that the hold has seen already. */
export function replayChange(
  found: HoldNow,
  wish: { changeId: string; fingerprint: string },
): HoldNow | Refusal | undefined {
  const earlier = found.hold.changes?.find((one) => one.id === wish.changeId);
  if (earlier === undefined || earlier.fingerprint === wish.fingerprint) return earlier && found;
  return refuseReusedKey('was used for another change of this hold');
}

async function tryToAdd(deps: Dependencies, wish: Wish): Promise<HoldNow | Refusal | undefined> {
  const found = await findOwnAtRest(deps, wish);
  if (isRefusal(found)) return found;
  const { hold, now } = found;
  const event = await deps.events.find(hold.eventId);
  const answer =
    replayChange(found, wish) ??
    refuseInactive(hold, now) ??
    refuseSale(event, hold.eventId) ??
    refuseAddition(hold, wish, mostSeats(deps.limits, event));
  if (answer || event === undefined) return answer;

  const own = hold.seats.map((seat) => seat.seatId);
  const ownTypes = hold.seats.flatMap((seat) => seat.ticketType?.id ?? []);
  const types = chooseTypes(event, wish.seatIds, wish.types, ownTypes);
  if (isRefusal(types)) return types;
  const single = wish.picked ? undefined : await refuseSingles(deps, event, wish.seatIds, own);
  if (single) return single;

  const attemptId = newId();
  const cap = event.maxPerUser ?? deps.limits.seatsPerUser;
  const claim = await deps.quotas.claim({
    userId: hold.userId,
    eventId: hold.eventId,
    holdId: wish.changeId,
    attemptId,
    n: wish.seatIds.length,
    cap,
    ttlMs: hold.expiresAt.getTime() - now.getTime(),
    round: hold.round,
  });
  if (claim.kind === 'full') return refuseFull(cap, claim.used);
  if (claim.kind === 'in_flight') {
    if (claim.ageMs <= deps.limits.orphanAfterMs) return refuseInFlight();
    await abandonTry(deps, hold, claim.attemptId);
    return undefined;
  }
  const take: Take = {
    eventId: hold.eventId,
    ...saleOf(event, types),
    holdId: hold._id,
    userId: hold.userId,
    attemptId,
    ttlMs: deps.limits.totalMaxMs,
    notAfter: hold.expiresAt,
    round: hold.round,
  };
  const seizedAt = monotonicMs();
  const seats = await seizeOrUndo(deps, take, wish.seatIds);
  if (isRefusal(seats)) return explainSale(seats, event, types);
  const alone = await refuseLoneCompanions(deps, event, seats, own);
  if (alone) {
    await undoTake(deps, take);
    return alone;
  }
  const asPriced = isPriced(event, seats) ? event : await deps.events.find(event._id);
  const priced = priceSeats(asPriced ?? event, seats, types);
  const added = await writeAddition(deps, hold, { priced, seats, attemptId, wish });
  if (added === null) {
    await undoTake(deps, take);
    return undefined;
  }
  deps.figures.seatsHeld.inc(seats.length);
  const lastsMs = hold.expiresAt.getTime() - now.getTime();
  for (const seat of seats) deps.taken.learn(seat._id, seizedAt, lastsMs);
  return { hold: added, now };
}

function refuseAddition(hold: Hold, wish: Wish, most: number): Refusal | undefined {
  if ((hold.changes ?? []).length >= MOST_CHANGES) {
    return refused(
      'hold_change_limit',
      `The seats of a hold can be changed ${MOST_CHANGES} times; this one's were. Book it, or take a new one.`,
    );
  }
  const own = new Set(hold.seats.map((seat) => seat.seatId));
  const twice = wish.seatIds.filter((seatId) => own.has(seatId));
  if (twice.length > 0) return refuseTaken(twice);
  return refuseTooMany(own.size + wish.seatIds.length, most);
}

/** An error without an answer may have stored it: nothing is undone then, the sweeper finds out. */
async function writeAddition(
  deps: HoldStores,
  hold: Hold,
  addition: { priced: OfferSeat[]; seats: readonly Seat[]; attemptId: string; wish: Wish },
): Promise<Hold | null> {
  const { priced, seats, attemptId, wish } = addition;
  const takenAt = new Date(Math.max(...seats.map((seat) => seat.hold?.takenAt.getTime() ?? 0)));
  const idsOf = (some: readonly { seatId: string }[]) => some.map((seat) => seat.seatId);
  return deps.changes.add(hold, {
    seats: priced,
    change: {
      id: wish.changeId,
      kind: 'add',
      fingerprint: wish.fingerprint,
      attemptId,
      seatIds: [...wish.seatIds],
    },
    message: holdMessage(holdChanged, hold, {
      seats,
      has: [...hold.seats, ...priced],
      expiresAt: hold.expiresAt,
      version: hold.version + 1,
      time: takenAt,
      origin: wish.origin,
      reason: 'seats added',
    }),
    entry: historyEntry(
      takenAt,
      wish.origin,
      'seats added',
      { state: 'held', seatIds: idsOf(hold.seats) },
      { state: 'held', seatIds: [...idsOf(hold.seats), ...wish.seatIds] },
    ),
  });
}
