import { createBatches } from '@holdfast/shared/batches.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { type Db, MongoBulkWriteError, MongoServerError } from 'mongodb';
import { attemptsOf, type HistoryEntry, type Hold, MIDDLE_STATES } from '../hold.ts';
import { gather } from './gather.ts';
import { CLOCK_MARGIN_MS, type Stored } from './hold-changes.ts';
import { createHoldSteps } from './hold-steps.ts';
import { WHOLE } from './paging.ts';
import { literal, olderThan, passed } from './time.ts';
import { createUsualSteps } from './usual-steps.ts';

/** A hold with the server's clock at the time of reading. */
export type HoldNow = { hold: Hold; now: Date };

const DUPLICATE_KEY = 11000;

/** Whether all that failed of a write failed because it is there already. */
export function isDuplicate(error: unknown): boolean {
  if (error instanceof MongoBulkWriteError) {
    const failures = [error.writeErrors].flat();
    return failures.length > 0 && failures.every((one) => one.code === DUPLICATE_KEY);
  }
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** The places in an unordered bulk write of what failed. */
export function failuresOf(error: unknown): Set<number> {
  const failures = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
  return new Set(failures.map((one) => one.index));
}

/** The hold documents. Each change is one compare-and-set by state and version. */
export function createHolds(db: Db, stored: Stored = () => undefined) {
  const holds = db.collection<Hold>('holds');
  const attemptsById = gather(async (holdIds): Promise<ReadonlyMap<string, string[]>> => {
    const found = await holds
      .find(
        { _id: { $in: holdIds }, state: { $ne: 'aborted' } },
        { projection: { attemptId: 1, changes: 1 }, batchSize: WHOLE },
      )
      .toArray();
    return new Map(found.map((hold) => [hold._id, attemptsOf(hold)]));
  });
  const insertTogether = createBatches<Hold, boolean>({
    keysOf: (hold) => [hold._id],
    async run(documents) {
      try {
        await holds.insertMany([...documents], { ordered: false });
        return documents.map(() => true);
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        const failures = failuresOf(error);
        // A repeat of a try's own insert finds its document there: that is a success.
        const known = await holds
          .find({ _id: { $in: documents.map((hold) => hold._id) } })
          .project<Pick<Hold, '_id' | 'attemptId'>>({ attemptId: 1 })
          .toArray();
        const attempts = new Map(known.map((hold) => [hold._id, hold.attemptId]));
        return documents.map(
          (hold, index) =>
            !failures.has(index) ||
            (hold.attemptId !== '' && attempts.get(hold._id) === hold.attemptId),
        );
      }
    },
  });
  const asRead = (hold: Hold) => ({ _id: hold._id, state: hold.state, version: hold.version });

  return {
    ...createHoldSteps(holds, stored),
    ...createUsualSteps(holds),

    find: gather(async (holdIds): Promise<ReadonlyMap<string, HoldNow>> => {
      const found = await holds
        .aggregate<Hold & { now: Date }>([
          { $match: { _id: { $in: holdIds } } },
          { $addFields: { now: '$$NOW' } },
        ])
        .batchSize(WHOLE)
        .toArray();
      return new Map(found.map(({ now, ...hold }) => [hold._id, { hold, now }]));
    }),

    /** The tries that stand in the documents of these holds; an aborted one has none. */
    async settledTries(holdIds: readonly string[]): Promise<Set<string>> {
      const settled = await Promise.all(holdIds.map(attemptsById));
      return new Set(settled.flatMap((attempts) => attempts ?? []));
    },

    async statesOf(holdIds: readonly string[]): Promise<Map<string, Hold>> {
      const found = await holds.find({ _id: { $in: [...holdIds] } }).toArray();
      return new Map(found.map((hold) => [hold._id, hold]));
    },

    /** Inserts the document that makes a hold; false when there is another try's under its id. */
    async insert(hold: Hold): Promise<boolean> {
      const inserted = await insertTogether(hold);
      if (inserted) for (const message of hold.outbox) stored(hold, message);
      return inserted;
    },

    /** Writes the later end of an extended hold, if it has not moved meanwhile. */
    async extend(
      hold: Hold,
      change: {
        extension: Hold['extensions'][number];
        message: Message;
        entry: HistoryEntry;
      },
    ): Promise<Hold | null> {
      const after = await holds.findOneAndUpdate(
        asRead(hold),
        {
          $set: { expiresAt: change.extension.expiresAt },
          $inc: { version: 1 },
          $push: {
            extensions: change.extension,
            outbox: change.message,
            history: change.entry,
          },
        },
        { returnDocument: 'after' },
      );
      if (after !== null) stored(after, change.message);
      return after;
    },

    /** Closes a pin for good, with a message where booking waits for one. */
    async close(
      hold: Hold,
      pin: { pinId: string; reason: string },
      entry: HistoryEntry,
      message?: Message,
    ): Promise<boolean> {
      const { matchedCount } = await holds.updateOne(
        { ...asRead(hold), 'closed.pinId': { $ne: pin.pinId } },
        {
          $inc: { version: 1 },
          $push: { closed: pin, history: entry, ...(message && { outbox: message }) },
        },
      );
      return matchedCount === 1;
    },

    /** Sends an answer again, unless it still waits to be sent. */
    async answerAgain(holdId: string, message: Message): Promise<void> {
      await holds.updateOne(
        { _id: holdId, 'outbox.id': { $ne: message.id } },
        { $push: { outbox: message } },
      );
    },

    /** Notes that booking was asked about a pin; false when another asked or it has moved on. */
    async ask(hold: Hold, message: Message): Promise<boolean> {
      const { matchedCount } = await holds.updateOne(
        { ...asRead(hold), askedAt: hold.askedAt ?? null, 'outbox.id': { $ne: message.id } },
        [
          {
            $set: {
              askedAt: '$$NOW',
              outbox: { $concatArrays: ['$outbox', [literal(message)]] },
            },
          },
        ],
      );
      return matchedCount === 1;
    },

    /**
     * The ids of live holds that have run out. Not sorted, since the stand-in would read all of them
     * for that; MongoDB's index has those first that ended first. The range by a clock read beforehand
     * only lets the index find them.
     */
    async runOut(limit: number): Promise<string[]> {
      const { localTime } = await db.command({ hello: 1 });
      const around = new Date((localTime as Date).getTime() + CLOCK_MARGIN_MS);
      const found = await holds
        .find(
          { state: 'held', expiresAt: { $lt: around }, ...passed('$expiresAt') },
          { projection: { _id: 1 }, limit, batchSize: WHOLE },
        )
        .toArray();
      return found.map(({ _id }) => _id);
    },

    unfinished: (ageMs: number, limit: number): Promise<Hold[]> =>
      holds
        .find({ state: { $in: [...MIDDLE_STATES] }, ...olderThan('$movedAt', ageMs) })
        .limit(limit)
        .toArray(),

    unsettled: (ageMs: number, limit: number): Promise<Hold[]> =>
      holds
        .find({
          state: 'pinned',
          $and: [
            olderThan('$movedAt', ageMs),
            { $or: [{ askedAt: null }, olderThan('$askedAt', ageMs)] },
          ],
        })
        .limit(limit)
        .toArray(),

    /** The holds of an account, newest first; `before` is where the last page ended. */
    async ofUser(
      userId: string,
      page: { before?: { takenAt: Date; id: string }; limit: number },
    ): Promise<{ holds: Hold[]; now: Date }> {
      const found = await holds
        .aggregate<Hold & { now: Date }>([
          {
            $match: {
              userId,
              state: { $ne: 'aborted' },
              ...(page.before && {
                $or: [
                  { takenAt: { $lt: page.before.takenAt } },
                  { takenAt: page.before.takenAt, _id: { $lt: page.before.id } },
                ],
              }),
            },
          },
          { $sort: { takenAt: -1, _id: -1 } },
          { $limit: page.limit },
          { $addFields: { now: '$$NOW' } },
        ])
        .toArray();
      return {
        holds: found.map(({ now: _now, ...hold }) => hold),
        now: found[0]?.now ?? new Date(0),
      };
    },
  };
}

export type Holds = ReturnType<typeof createHolds>;
