import { createBatches } from '@holdfast/shared/batches.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Collection, Document, Filter } from 'mongodb';
import {
  type HistoryEntry,
  type Hold,
  type HoldState,
  isMiddle,
  type MiddleState,
  type Step,
} from '../hold.ts';
import type { Stored } from './hold-changes.ts';
import { WHOLE } from './paging.ts';
import { literal, notPassed, ownOf, passed, plusOne } from './time.ts';

/** What begins a step out: who wants it, and by which pin. */
export type Begin = {
  origin: Origin;
  reason: string;
  pinId?: string;
  bookingId?: string;
  endsAs?: 'expired' | 'released';
};

/** What ends a step: its message and its history entry, in the write that brings the new state. */
export type Settlement = {
  message: Message;
  entry: HistoryEntry;
  set?: Partial<Hold>;
  closed?: { pinId: string; reason: string };
};

type Beginning = { hold: Hold; to: MiddleState; step: Begin };
type Settling = { hold: Hold; to: HoldState; change: Settlement };

/** The rule of beginnings of one kind, beside state and version: what the step asks for. */
function mayBegin(beginnings: readonly Beginning[], to: MiddleState): Document[] {
  // A list without any rule would be refused.
  const rules: Document[] = [{}];
  if (to === 'pinning') {
    const pinIds = beginnings.map(({ step }) => step.pinId ?? '');
    rules.push(notPassed('$expiresAt'), {
      $expr: { $not: [{ $in: [ownOf(idsOf(beginnings), pinIds), '$closed.pinId'] }] },
    });
  }
  if (to === 'expiring') rules.push(passed('$expiresAt'));
  return rules;
}

/** The change that begins steps out of holds: to `to`, from whichever state each was in. */
export function begun(
  beginnings: readonly { holdId: string; from: HoldState; step: Begin }[],
  to: MiddleState,
): Document[] {
  const ids = beginnings.map(({ holdId }) => holdId);
  const steps = beginnings.map(
    ({ from, step }): Step => ({
      from,
      origin: step.origin,
      reason: step.reason,
      ...(step.endsAs && { endsAs: step.endsAs }),
    }),
  );
  // An unpin that ends its hold leaves the seats free, any other one by the time that is left.
  const unpinTo = {
    $cond: [
      { $in: ['$_id', literal(ids.filter((_, index) => !steps[index]?.endsAs))] },
      { $cond: [{ $gt: ['$expiresAt', '$$NOW'] }, 'held', 'available'] },
      'available',
    ],
  };
  const own = (member: (step: Begin) => string | undefined, otherwise: string) => ({
    $ifNull: [
      ownOf(
        ids,
        beginnings.map(({ step }) => member(step) ?? null),
      ),
      otherwise,
    ],
  });
  return [
    {
      $set: {
        state: to,
        version: plusOne('$version'),
        movedAt: '$$NOW',
        step:
          to === 'unpinning'
            ? { $mergeObjects: [ownOf(ids, steps), { unpinTo }] }
            : ownOf(ids, steps),
        ...(beginnings.some(({ step }) => step.pinId !== undefined) && {
          pinId: own(({ pinId }) => pinId, '$pinId'),
          bookingId: own(({ bookingId }) => bookingId, '$bookingId'),
        }),
      },
    },
  ];
}

/**
 * The steps that take a hold out, those of one tick together, each still its own compare-and-set by
 * state and version. Of two equal steps at once both may count as done: whoever finishes one
 * does so as if he were alone.
 */
export function createHoldSteps(holds: Collection<Hold>, stored: Stored) {
  const beginTogether = createBatches<Beginning, Hold | null>({
    keysOf: ({ hold }) => [hold._id],
    kindOf: ({ hold, to }) => `${read(hold)} ${to}`,
    async run(beginnings) {
      const [first] = beginnings;
      if (first === undefined) return [];
      const filter = { ...asRead(beginnings, first.hold), $and: mayBegin(beginnings, first.to) };
      const update = begun(
        beginnings.map(({ hold, step }) => ({ holdId: hold._id, from: hold.state, step })),
        first.to,
      );
      if (beginnings.length === 1) {
        return [await holds.findOneAndUpdate(filter, update, { returnDocument: 'after' })];
      }
      await holds.updateMany(filter, update);
      const found = await holds
        .find({ _id: { $in: idsOf(beginnings) }, state: first.to })
        .project<Pick<Hold, '_id' | 'state' | 'version' | 'movedAt' | 'step' | 'pinId'>>({
          state: 1,
          version: 1,
          movedAt: 1,
          step: 1,
          pinId: 1,
          bookingId: 1,
        })
        .batchSize(WHOLE)
        .toArray();
      const byId = new Map(found.map((hold) => [hold._id, hold]));
      return beginnings.map(({ hold, step }) => {
        const after = byId.get(hold._id);
        const ours =
          after?.version === hold.version + 1 &&
          after.step?.origin.requestId === step.origin.requestId &&
          (step.pinId === undefined || after.pinId === step.pinId);
        return ours ? { ...hold, ...after } : null;
      });
    },
  });

  const settleTogether = createBatches<Settling, Hold | null>({
    keysOf: ({ hold }) => [hold._id],
    kindOf: ({ hold, to, change }) =>
      `${read(hold)} ${to} ${change.closed ? hold._id : JSON.stringify(change.set ?? {})}`,
    async run(settlings) {
      const [first] = settlings;
      if (first === undefined) return [];
      const { to, change } = first;
      // Only the end comes to a live hold without a middle state, and only once its time is over.
      const rule = first.hold.state === 'held' ? passed('$expiresAt') : {};
      const set = { state: to, ...(isMiddle(to) ? {} : { step: null }), ...change.set };
      const filter = { ...asRead(settlings, first.hold), ...rule };
      if (settlings.length === 1) {
        return [
          await holds.findOneAndUpdate(
            filter,
            {
              $set: set,
              $inc: { version: 1 },
              $push: {
                outbox: change.message,
                history: change.entry,
                ...(change.closed && { closed: change.closed }),
              },
            },
            { returnDocument: 'after' },
          ),
        ];
      }
      const { matchedCount } = await holds.updateMany(filter, [
        { $set: { ...literals(set), version: plusOne('$version'), ...traces(settlings) } },
      ]);
      const done =
        matchedCount === settlings.length ? undefined : await findDone(idsOf(settlings), to);
      return settlings.map(({ hold, change: { message, entry } }) =>
        done === undefined || done.get(hold._id) === hold.version + 1
          ? {
              ...hold,
              ...set,
              version: hold.version + 1,
              outbox: [...hold.outbox, message],
              history: [...hold.history, entry],
            }
          : null,
      );
    },
  });

  async function findDone(ids: string[], state: HoldState): Promise<Map<string, number>> {
    const found = await holds
      .find({ _id: { $in: ids }, state }, { projection: { version: 1 }, batchSize: WHOLE })
      .toArray();
    return new Map(found.map((hold) => [hold._id, hold.version]));
  }

  return {
    /** Begins a step out: the document first, by its own rule. Null: the hold has moved on. */
    begin: (hold: Hold, to: MiddleState, step: Begin): Promise<Hold | null> =>
      beginTogether({ hold, to, step }),

    /** Ends a step: the new state with its message and its history in one write. */
    async settle(hold: Hold, to: HoldState, change: Settlement): Promise<Hold | null> {
      const after = await settleTogether({ hold, to, change });
      if (after !== null) stored(after, change.message);
      return after;
    },
  };
}

const idsOf = (items: readonly { hold: Hold }[]) => items.map(({ hold }) => hold._id);

/** As what a hold was read; those that go together were all read as the same. */
const read = (hold: Hold) => `${hold.state} ${hold.version}`;

function asRead(items: readonly { hold: Hold }[], { state, version }: Hold): Filter<Hold> {
  return { _id: { $in: idsOf(items) }, state, version };
}

function traces(settlings: readonly Settling[]): Document {
  const ids = idsOf(settlings);
  const messages = settlings.map(({ change }) => change.message);
  const entries = settlings.map(({ change }) => change.entry);
  return {
    outbox: { $concatArrays: ['$outbox', [ownOf(ids, messages)]] },
    history: { $concatArrays: ['$history', [ownOf(ids, entries)]] },
  };
}

const literals = (members: object): Document =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [name, literal(value)]));
