import { newMessage } from '@holdfast/shared/contracts/contract.ts';
import { bookingEventChanged } from '@holdfast/shared/contracts/moved-bookings.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import { type Origin, systemOrigin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import { type Database, instantOf, type Transaction } from '@holdfast/shared/postgres/database.ts';
import {
  claimSweep,
  countDueRefunds,
  dueBookings,
  endSweep,
  insertOutcomes,
  type MovedRow,
  moveBookings,
  moveSweep,
  remainderOf,
} from '../stores/sweeps.ts';
import type { Sweep, SweepState } from '../sweeps/sweep.ts';
import { type OnChanged, takeSteps, tellStep } from './advance-checkout.ts';

type Deps = { db: Database; onChanged: OnChanged; onEnqueued: () => void };
type Batch = {
  /** Most bookings of the batch. */
  readonly limit: number;
  readonly perSecond: number;
  /** A booking that can not be dealt with and why: it is passed over, and the report says so. */
  readonly failure?: { readonly bookingId: string; readonly reason: string };
};
type Due = { readonly id: string; readonly isSold: boolean };
type Done = { count: number; tell: () => void };

/** A batch that did not commit. */
export class BatchFailed extends Error {
  readonly bookingIds: readonly string[];

  constructor(bookingIds: readonly string[], cause: unknown) {
    super('a batch of a sweep failed', { cause });
    this.bookingIds = bookingIds;
  }
}

/** More refunds due than this, and the sweep waits: the provider's answers are its pace then. */
const MOST_DUE_REFUNDS = 64;
const LOOK_AGAIN_SECONDS = 1;

/**
 * Takes the sweep that is due one batch on, in one transaction: what happens to the bookings, their
 * outcomes and the place to go on from commit together, so that a crash repeats nothing and leaves
 * nothing out. Answers how many bookings it dealt with; throws a BatchFailed with what it had taken.
 */
export async function sweepBookings(deps: Deps, batch: Batch): Promise<number> {
  const taken: string[] = [];
  const done = await deps.db
    .transaction((tx) => takeBatch(tx, deps, batch, taken))
    .catch((error: unknown) => {
      throw taken.length === 0 ? error : new BatchFailed(taken, error);
    });
  done?.tell();
  return done?.count ?? 0;
}

async function takeBatch(
  tx: Transaction,
  deps: Deps,
  batch: Batch,
  taken: string[],
): Promise<Done | undefined> {
  const claimed = await claimSweep(tx);
  if (claimed === undefined) return undefined;
  const { sweep, isSuperseded } = claimed;
  const origin = systemOrigin('event-sweep', sweep.id);
  if (isSuperseded) {
    await end(tx, sweep, 'superseded', origin);
    return undefined;
  }
  const { cursor } = sweep;
  if (sweep.cause === 'cancelled') {
    const refunds = await countDueRefunds(tx, MOST_DUE_REFUNDS);
    if (refunds === MOST_DUE_REFUNDS) {
      await moveSweep(tx, sweep.id, { cursor, inSeconds: refunds / batch.perSecond });
      return undefined;
    }
  }
  const due = await dueBookings(tx, sweep, batch.limit);
  taken.push(...due.map(({ id }) => id));
  const tell = await settle(tx, deps, { sweep, due, origin, failure: batch.failure });
  const isPassOver = due.length < batch.limit;
  const passed = batch.failure && batch.failure.bookingId !== due[0]?.id ? cursor : due.at(-1)?.id;
  if (isPassOver && (await isFinished(tx, sweep))) {
    await end(tx, sweep, 'done', origin);
  } else {
    const inSeconds = isPassOver ? LOOK_AGAIN_SECONDS : due.length / batch.perSecond;
    await moveSweep(tx, sweep.id, {
      cursor: isPassOver ? null : (passed ?? null),
      inSeconds,
    });
  }
  return { count: due.length, tell };
}

/** Deals with bookings; answers what is to be told once it is committed. */
async function settle(
  tx: Transaction,
  deps: Deps,
  given: {
    sweep: Sweep;
    due: readonly Due[];
    origin: Origin;
    failure: Batch['failure'];
  },
): Promise<() => void> {
  const { sweep, due, origin, failure } = given;
  if (failure !== undefined) {
    // Another instance may have passed it over meanwhile; the next one is not to blame.
    const failed = due.filter(({ id }) => id === failure.bookingId);
    await insertOutcomes(
      tx,
      sweep.id,
      failed.map(({ id }) => ({ bookingId: id, failure: failure.reason })),
    );
    return () => undefined;
  }
  const sold = due.flatMap(({ id, isSold }) => (isSold ? [id] : []));
  if (sweep.cause !== 'cancelled') {
    const told = await tellOfMove(tx, sweep, sold, origin);
    await insertOutcomes(
      tx,
      sweep.id,
      told.map(({ id }) => ({ bookingId: id })),
    );
    return deps.onEnqueued;
  }
  const steps = await takeSteps(
    tx,
    sold.map((bookingId) => ({
      bookingId,
      origin,
      command: { kind: 'cancel', reason: 'event_cancelled' },
    })),
  );
  // One that was cancelled while its lock was waited for is done with as well: `ignored`.
  const refusals = new Map(
    steps.flatMap((step, at) =>
      'kind' in step && step.kind === 'refused' ? [[sold[at] ?? '', step.code] as const] : [],
    ),
  );
  await insertOutcomes(
    tx,
    sweep.id,
    due.map(({ id: bookingId }) => {
      const code = refusals.get(bookingId);
      return code === undefined ? { bookingId } : { bookingId, failure: code };
    }),
  );
  return () => {
    for (const step of steps) tellStep(deps.onChanged, step);
  };
}

async function tellOfMove(
  tx: Transaction,
  sweep: Sweep,
  bookingIds: readonly string[],
  origin: Origin,
): Promise<MovedRow[]> {
  if (bookingIds.length === 0) return [];
  const moved = await moveBookings(tx, sweep, bookingIds);
  const now = await instantOf(tx);
  const reason = `event_${sweep.cause}`;
  await Promise.all([
    recordAudit(
      tx,
      ...moved.map(({ id, oldStartsAt, freeCancelUntil }) => ({
        aggregateType: 'booking',
        aggregateId: id,
        action: 'booking.event_changed',
        oldStatus: 'confirmed',
        newStatus: 'confirmed',
        reason,
        metadata: {
          sweepId: sweep.id,
          oldStartsAt,
          newStartsAt: sweep.newStartsAt,
          freeCancelUntil,
        },
        origin,
      })),
    ),
    enqueue(tx, ...moved.map((one) => moveMessage(one, sweep, now, origin))),
  ]);
  return moved;
}

/** One message a booking and sweep: a repeat has the same id. */
function moveMessage(moved: MovedRow, sweep: Sweep, time: Date, origin: Origin) {
  const { id: bookingId, version, oldStartsAt, freeCancelUntil, ...named } = moved;
  return newMessage(bookingEventChanged, {
    id: derivedId(bookingId, sweep.id, bookingEventChanged.type),
    key: bookingId,
    version,
    time,
    origin,
    data: {
      ...named,
      bookingId,
      cause: sweep.cause === 'postponed' ? 'postponed' : 'rescheduled',
      oldStartsAt: new Date(oldStartsAt).toISOString(),
      newStartsAt: sweep.newStartsAt.toISOString(),
      freeCancelUntil: new Date(freeCancelUntil).toISOString(),
    },
  });
}

async function isFinished(tx: Transaction, sweep: Sweep): Promise<boolean> {
  const { bookings, refunds } = await remainderOf(tx, sweep.id);
  return bookings + refunds === 0;
}

async function end(
  tx: Transaction,
  sweep: Sweep,
  state: Extract<SweepState, 'done' | 'superseded'>,
  origin: Origin,
): Promise<void> {
  await endSweep(tx, sweep.id, state);
  await recordAudit(tx, {
    aggregateType: 'event_sweep',
    aggregateId: sweep.id,
    action: `event_sweep.${state}`,
    oldStatus: sweep.state,
    newStatus: state,
    metadata: { eventId: sweep.eventId },
    origin,
  });
}
