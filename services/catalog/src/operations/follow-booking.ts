import { systemClock } from '@holdfast/shared/clock.ts';
import { holdPinned, holdPinRefused } from '@holdfast/shared/contracts/holds.ts';
import { Fault, type Ignored, ignored } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import {
  decide,
  type Hold,
  historyEntry,
  type MiddleState,
  type PinCommand,
  type PinRefusal,
} from '../hold.ts';
import { holdMessage } from '../messages.ts';
import type { Begin } from '../stores/hold-steps.ts';
import type { HoldNow } from '../stores/holds.ts';
import { abortedHold } from './abort-hold.ts';
import type { HoldStores } from './dependencies.ts';
import { answerId, finishHold } from './finish-hold.ts';

export type Outcome = { kind: 'done'; what: string } | Ignored;

const MOST_TRIES = 50;

/**
 * Follows a command of booking about a pin. It tries the usual step, whose filter is the rule; on
 * a miss it loads the hold, decides, does it, and looks again until nothing is left to do. Each
 * write is a compare-and-set, so rivals only make it look again.
 */
export async function followBooking(
  stores: HoldStores,
  command: PinCommand,
  origin: Origin,
): Promise<Outcome> {
  const begun = await stores.holds.takeUsualStep(command, beginningOf(command, origin));
  if (begun) return finishStep(stores, begun);
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const found = await stores.holds.find(command.holdId);
    const outcome = found
      ? await follow(stores, command, origin, found)
      : await answerUnknown(stores, command, origin);
    if (outcome) return outcome;
  }
  throw new Fault('hold_contended', `Hold ${command.holdId} kept changing`, { retryable: true });
}

/** One decision and its writes; undefined means look again. */
async function follow(
  stores: HoldStores,
  command: PinCommand,
  origin: Origin,
  { hold, now }: HoldNow,
): Promise<Outcome | undefined> {
  const decision = decide(command, hold, now);
  switch (decision.kind) {
    case 'ignored':
      return decision;
    case 'resume':
      await finishHold(stores, hold);
      return undefined;
    case 'step': {
      const done = await takeStep(stores, command, origin, hold, decision);
      // A sale that had to be caught up with: its seats are returned next.
      return command.kind === 'return' && decision.to === 'confirming' ? undefined : done;
    }
    case 'return_seats':
      return returnSeats(stores, command, origin, hold, decision.seatIds);
    case 'answer_pinned':
      await stores.holds.answerAgain(
        hold._id,
        await pinnedAnswer(stores, hold, command, origin, now),
      );
      stores.wake();
      return ignored('already_pinned');
    case 'refuse_pin':
      return refusePin(stores, command, origin, { hold, now }, decision);
    case 'close': {
      const closed = await stores.holds.close(
        hold,
        { pinId: command.pinId, reason: 'pin_closed' },
        historyEntry(
          now,
          origin,
          `pin closed: booking ${command.kind}`,
          { state: hold.state },
          {
            state: hold.state,
          },
        ),
      );
      return closed ? { kind: 'done', what: 'pin_closed' } : undefined;
    }
  }
}

const REASONS: Readonly<Record<PinCommand['kind'], string>> = {
  pin: 'booking authorized',
  confirm: 'booking confirmed',
  fail: 'booking failed',
  cancel: 'booking cancelled',
  return: 'seats cancelled',
};

async function takeStep(
  stores: HoldStores,
  command: PinCommand,
  origin: Origin,
  hold: Hold,
  step: { to: MiddleState; endsAs?: 'released' },
): Promise<Outcome | undefined> {
  const begun = await stores.holds.begin(hold, step.to, {
    ...beginningOf(command, origin),
    ...(step.endsAs && { endsAs: step.endsAs }),
  });
  return begun === null ? undefined : finishStep(stores, begun);
}

function beginningOf({ kind, pinId, bookingId }: PinCommand, origin: Origin): Begin {
  return { origin, reason: REASONS[kind], pinId, bookingId };
}

async function finishStep(stores: HoldStores, begun: Hold): Promise<Outcome> {
  const finished = await finishHold(stores, begun);
  return { kind: 'done', what: finished?.state ?? begun.state };
}

async function returnSeats(
  stores: HoldStores,
  command: PinCommand,
  origin: Origin,
  hold: Hold,
  seatIds: string[],
): Promise<Outcome | undefined> {
  const begun = await stores.changes.beginReturn(hold, seatIds, {
    origin,
    reason: REASONS[command.kind],
  });
  if (begun === null) return undefined;
  await finishHold(stores, begun);
  return { kind: 'done', what: 'seats_returned' };
}

async function pinnedAnswer(
  stores: HoldStores,
  hold: Hold,
  command: PinCommand,
  origin: Origin,
  now: Date,
) {
  return holdMessage(holdPinned, hold, {
    ...answerId(holdPinned, command.pinId),
    seats: await stores.seats.changesOf(hold),
    has: hold.seats,
    expiresAt: null,
    version: hold.version,
    time: now,
    origin,
    pinId: command.pinId,
    bookingId: command.bookingId,
  });
}

/** Refuses a pin for good: whatever becomes of the hold, this pin gets this answer. */
async function refusePin(
  stores: HoldStores,
  command: PinCommand,
  origin: Origin,
  { hold, now }: HoldNow,
  { reason, known }: { reason: PinRefusal; known: boolean },
): Promise<Outcome | undefined> {
  const message = refusal(command, hold, origin, now, reason);
  if (known) {
    await stores.holds.answerAgain(hold._id, message);
  } else {
    const entry = historyEntry(
      now,
      origin,
      `pin refused: ${reason}`,
      { state: hold.state },
      { state: hold.state },
    );
    const pin = { pinId: command.pinId, reason };
    if (!(await stores.holds.close(hold, pin, entry, message))) return undefined;
  }
  stores.wake();
  return { kind: 'done', what: reason };
}

/** A hold that is not known never will be: the refusal is kept in the document that says so. */
async function answerUnknown(
  stores: HoldStores,
  command: PinCommand,
  origin: Origin,
): Promise<Outcome | undefined> {
  if (command.kind !== 'pin') return ignored('hold_not_found');
  const now = systemClock.now();
  const tombstone = abortedHold(command, {
    at: now,
    closed: [{ pinId: command.pinId, reason: 'hold_not_found' }],
  });
  tombstone.outbox.push(refusal(command, tombstone, origin, now, 'hold_not_found'));
  if (!(await stores.holds.insert(tombstone))) return undefined;
  return { kind: 'done', what: 'hold_not_found' };
}

function refusal(command: PinCommand, hold: Hold, origin: Origin, time: Date, reason: PinRefusal) {
  return holdMessage(
    holdPinRefused,
    { ...hold, eventId: command.eventId, userId: command.userId },
    {
      ...answerId(holdPinRefused, command.pinId),
      seats: [],
      expiresAt: null,
      version: hold.version + 1,
      time,
      origin,
      pinId: command.pinId,
      bookingId: command.bookingId,
      reason,
    },
  );
}
