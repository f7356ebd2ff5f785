import { monotonicMs } from '@holdfast/shared/clock.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint, newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { isPriced, type SoldEvent } from '../event.ts';
import { refuseSale } from '../event-status.ts';
import { newHold } from '../new-hold.ts';
import { seatKey } from '../seat.ts';
import type { ChoiceReasons } from '../seating/choice-reasons.ts';
import type { HoldNow } from '../stores/holds.ts';
import type { Take } from '../stores/seat-rules.ts';
import { chooseTypes, explainSale, namesOf, saleOf, type TypeWish } from '../ticket-types.ts';
import type { InTurn } from '../turns.ts';
import { abortHold } from './abort-hold.ts';
import { refuseLoneCompanions, refuseSingles } from './check-policy.ts';
import type { HoldLimits, HoldStores } from './dependencies.ts';
import {
  mostSeats,
  refuseFull,
  refuseInFlight,
  refuseReusedKey,
  refuseTaken,
  refuseTooMany,
} from './refusals.ts';
import { explain, refuseMiss, seizeOrUndo, undoTake } from './seize-seats.ts';

export type TakeSeats = {
  userId: string;
  eventId: string;
  seatIds: readonly string[];
  durationMs: number | undefined;
  idempotencyKey: string | undefined;
  origin: Origin;
  /** As which types the seats are wanted, where not as the event's default. */
  types?: TypeWish;
  /**
   * Set where the seats were chosen for a party: what a repeat is known by, why these seats, and the
   * event as it was read for this request.
   */
  chosen?: { fingerprint: string; reasons?: ChoiceReasons; event?: SoldEvent };
};

export type TakeDependencies = HoldStores & {
  limits: HoldLimits;
  events: { find(eventId: string): Promise<SoldEvent | undefined> };
  inTurn: InTurn;
};

/** A command that is within bounds, with what follows from it. */
type Wish = TakeSeats & {
  holdId: string;
  durationMs: number;
  keys: string[];
  fingerprint: string;
  /** When it came, by this process's monotonic clock. */
  askedAt: number;
};

/**
 * Takes seats for a user, all or none. In order: the quota's claim, the seats, the document
 * that makes the hold; only then the answer. A repeat under the same Idempotency-Key answers the
 * stored hold; another request under it, or one still in flight, is refused. A certain loser is
 * refused before any of it, by what this process saw of the seats.
 */
export async function takeSeats(
  deps: TakeDependencies,
  command: TakeSeats,
): Promise<HoldNow | Refusal> {
  const durationMs = command.durationMs ?? deps.limits.defaultMs;
  const outOfBounds = checkBounds(deps.limits, command, durationMs);
  if (outOfBounds) return outOfBounds;
  const seatIds = [...command.seatIds].sort();
  const keys = seatIds.map((seatId) => seatKey(command.eventId, seatId));
  const askedAt = monotonicMs();
  const lost = refuseLoser(deps, { seatIds, keys, askedAt });
  // Without a key it can not be a repeat: the cheapest answer there is.
  if (lost && command.idempotencyKey === undefined) return lost;
  const wish: Wish = {
    ...command,
    seatIds,
    durationMs,
    keys,
    askedAt,
    fingerprint: command.chosen?.fingerprint ?? fingerprintOf(command, seatIds, durationMs),
    holdId:
      command.idempotencyKey === undefined
        ? newId()
        : derivedId('hold', command.userId, command.idempotencyKey),
  };
  const answer = () => answerLoser(deps, wish);
  return (
    (await answer()) ??
    deps.inTurn(wish.keys, async () => (await answer()) ?? tryToTake(deps, wish))
  );
}

/** What a repeat is known by; types that nobody named are not part of it. */
function fingerprintOf(command: TakeSeats, seatIds: readonly string[], durationMs: number): string {
  const { eventId, types } = command;
  const named = types && namesOf(types, seatIds);
  return fingerprint({ eventId, seatIds, durationMs, ...(named && { types: named }) });
}

function refuseLoser(
  { taken }: HoldStores,
  { seatIds, keys, askedAt }: Pick<Wish, 'seatIds' | 'keys' | 'askedAt'>,
): Refusal | undefined {
  const now = monotonicMs();
  const gone = seatIds.filter((_, index) => taken.refuses(keys[index] ?? '', now, askedAt));
  return gone.length === 0 ? undefined : refuseTaken(gone);
}

/** The answer to a wish for a seat that is known to be taken; it may be a repeat all the same. */
async function answerLoser(
  deps: TakeDependencies,
  wish: Wish,
): Promise<HoldNow | Refusal | undefined> {
  const lost = refuseLoser(deps, wish);
  if (lost === undefined) return undefined;
  const earlier = await findEarlier(deps, wish);
  return earlier ? replay(earlier, wish.fingerprint) : lost;
}

/** The hold that a request under the same Idempotency-Key made. */
async function findEarlier(deps: TakeDependencies, wish: Wish): Promise<HoldNow | undefined> {
  return wish.idempotencyKey === undefined ? undefined : deps.holds.find(wish.holdId);
}

async function tryToTake(deps: TakeDependencies, wish: Wish): Promise<HoldNow | Refusal> {
  const { holdId, userId, seatIds, durationMs } = wish;
  const [event, earlier] = await Promise.all([
    wish.chosen?.event ?? deps.events.find(wish.eventId),
    findEarlier(deps, wish),
  ]);
  if (earlier) return replay(earlier, wish.fingerprint);
  const closed = refuseSale(event, wish.eventId);
  if (closed || event === undefined) return closed ?? refused('event_not_found', 'No such event.');
  const tooMany = refuseTooMany(seatIds.length, mostSeats(deps.limits, event));
  if (tooMany) return tooMany;
  const types = chooseTypes(event, seatIds, wish.types);
  if (isRefusal(types)) return types;
  const single = wish.chosen ? undefined : await refuseSingles(deps, event, seatIds);
  if (single) return single;
  // A look is one read for many requests; a claim, a take and their undoing are this one's own.
  const now = monotonicMs();
  if (wish.keys.some((key) => deps.taken.suspects(key, now))) {
    const miss = await explain(deps, { ...event, eventId: event._id, userId }, seatIds);
    if (miss.reason !== 'contended') return refuseMiss(miss, event);
  }

  const attemptId = newId();
  const maxPerUser = event.maxPerUser ?? deps.limits.seatsPerUser;
  const who = { userId, eventId: event._id, holdId };
  const claim = await deps.quotas.claim({
    ...who,
    attemptId,
    n: seatIds.length,
    cap: maxPerUser,
    ttlMs: durationMs,
  });
  if (claim.kind === 'full') {
    return refuseFull(maxPerUser, claim.used);
  }
  if (claim.kind === 'in_flight') {
    return answerInFlight(deps, who, wish.fingerprint, claim.ageMs);
  }

  const take: Take = {
    eventId: event._id,
    ...saleOf(event, types),
    holdId,
    userId,
    attemptId,
    ttlMs: durationMs,
    notAfter: claim.expiresAt,
  };
  const seizedAt = monotonicMs();
  const seats = await seizeOrUndo(deps, take, seatIds);
  if (isRefusal(seats)) return explainSale(seats, event, types);
  const alone = wish.chosen ? undefined : await refuseLoneCompanions(deps, event, seats);
  if (alone) {
    await undoTake(deps, take);
    return alone;
  }
  const parts = { ...wish, maxPerUser, types };
  const asPriced = isPriced(event, seats) ? event : await deps.events.find(event._id);
  const hold = newHold(asPriced ?? event, take, seats, parts, wish.origin);
  // An insert that fails without an answer may have been stored: nothing is undone here, a repeat
  // of the request or the sweeper finds out.
  if (await deps.holds.insert(hold)) {
    deps.figures.seatsHeld.inc(seats.length);
    const lastsMs = hold.expiresAt.getTime() - hold.takenAt.getTime();
    for (const seat of seats) deps.taken.learn(seat._id, seizedAt, lastsMs);
    return { hold, now: hold.takenAt };
  }
  await undoTake(deps, take);
  const other = await deps.holds.find(holdId);
  return other ? replay(other, wish.fingerprint) : brokenOff();
}

function checkBounds(
  limits: HoldLimits,
  command: TakeSeats,
  durationMs: number,
): Refusal | undefined {
  const tooMany = refuseTooMany(command.seatIds.length, limits.seatsPerHold);
  if (tooMany) return tooMany;
  if (durationMs < limits.minMs || durationMs > limits.maxMs) {
    return refused(
      'hold_duration_invalid',
      `A hold lasts ${limits.minMs / 1000} to ${limits.maxMs / 1000} seconds; ${durationMs / 1000} were asked for.`,
      { minSeconds: limits.minMs / 1000, maxSeconds: limits.maxMs / 1000 },
    );
  }
  return undefined;
}

/** The answer to a request whose hold exists already. */
export function replay(earlier: HoldNow, request: string): HoldNow | Refusal {
  if (earlier.hold.state === 'aborted') return brokenOff();
  if (earlier.hold.fingerprint === request) return earlier;
  return refuseReusedKey('was used for other seats, another event or another duration');
}

function brokenOff(): Refusal {
  return refused(
    'hold_aborted',
    'An earlier try of this request broke off and took nothing: send it under a new Idempotency-Key.',
  );
}

/** An equal request is at work, or was when its process died. */
async function answerInFlight(
  deps: TakeDependencies,
  who: { userId: string; eventId: string; holdId: string },
  request: string,
  ageMs: number,
): Promise<HoldNow | Refusal> {
  if (ageMs > deps.limits.orphanAfterMs) await abortHold(deps, who);
  const earlier = await deps.holds.find(who.holdId);
  if (earlier) return replay(earlier, request);
  return refuseInFlight();
}
