import type { Db } from 'mongodb';

/** A process that counts the seats of which its relays tell. */
type Counter = {
  _id: string;
  /** Whatever it was told of that was stored before is counted. */
  countedUntil: Date;
  /** When it last said so. */
  at: Date;
};

/** More than these are a backlog, of which not every one is looked at. */
const MOST_LOOKED_AT = 200;
/** A process that said nothing for so long has ended. */
const GONE_MS = 30_000;

/** Until when all changes of seats are known to be counted, by all processes that count. */
export function createCounters(db: Db) {
  const counters = db.collection<Counter>('counters');
  const look = { limit: MOST_LOOKED_AT, batchSize: MOST_LOOKED_AT + 1 };

  /** Instants of changes that wait to be told. */
  async function untold(collection: 'holds' | 'blocks'): Promise<Date[]> {
    const found = await db
      .collection<{ outbox: { time: string }[] }>(collection)
      .find({ 'outbox.id': { $gt: '' } }, { ...look, projection: { 'outbox.time': 1 } })
      .toArray();
    return found.flatMap(({ outbox }) => outbox.map(({ time }) => new Date(time)));
  }

  return {
    /**
     * The earliest change that no counter may have heard of: its message waits, or a hold ran out
     * and nobody has ended it. Undefined where none is so, 'unknown' where too many are.
     */
    async untoldSince(now: Date): Promise<Date | 'unknown' | undefined> {
      const ranOut = db
        .collection<{ expiresAt: Date }>('holds')
        .find(
          { state: 'held', expiresAt: { $lte: now } },
          { ...look, projection: { expiresAt: 1 } },
        )
        .toArray();
      const all = await Promise.all([
        untold('holds'),
        untold('blocks'),
        ranOut.then((holds) => holds.map((hold) => hold.expiresAt)),
      ]);
      if (all.some(({ length }) => length >= MOST_LOOKED_AT)) return 'unknown';
      return all
        .flat()
        .reduce<Date | undefined>((first, at) => (first && first < at ? first : at), undefined);
    },

    /** Says until when a process has counted, at an instant; never less than it said before. */
    async say(id: string, countedUntil: Date, at: Date): Promise<void> {
      await counters.updateOne(
        { _id: id },
        { $max: { countedUntil }, $set: { at } },
        { upsert: true },
      );
    },

    /** Until when all processes have counted; undefined while none counts. */
    async allUntil(): Promise<Date | undefined> {
      const all = await counters.find().toArray();
      return all
        .map((one) => one.countedUntil)
        .reduce<Date | undefined>((first, at) => (first && first < at ? first : at), undefined);
    },

    /** Processes that ended without a word, and until when they may have heard of changes. */
    async gone(now: Date): Promise<{ id: string; heardUntil: Date }[]> {
      const all = await counters.find().toArray();
      return all
        .map(({ _id, at }) => ({ id: _id, heardUntil: new Date(at.getTime() + GONE_MS) }))
        .filter(({ heardUntil }) => heardUntil < now);
    },

    async remove(ids: readonly string[]): Promise<void> {
      await counters.deleteMany({ _id: { $in: [...ids] } });
    },
  };
}

export type Counters = ReturnType<typeof createCounters>;
