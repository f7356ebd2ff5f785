import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { Db } from 'mongodb';
import type { Block, BlockState } from '../block.ts';
import type { HistoryEntry } from '../hold.ts';
import { isDuplicate } from './holds.ts';
import { olderThan } from './time.ts';

/** `stored` hears of each message once the change that carries it is in the store. */
export function createBlocks(db: Db, stored: (message: Message) => void = () => undefined) {
  const blocks = db.collection<Block>('blocks');
  return {
    async insert(block: Block): Promise<boolean> {
      try {
        await blocks.insertOne(block);
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },

    find: (blockId: string): Promise<Block | null> => blocks.findOne({ _id: blockId }),

    /** Blocks of an event that keep seats back, oldest first. */
    ofEvent: (eventId: string): Promise<Block[]> =>
      blocks
        .find({ eventId, state: { $in: ['placing', 'placed'] } }, { projection: { outbox: 0 } })
        .sort({ createdAt: 1, _id: 1 })
        .toArray(),

    /** Moves the version that was read to its next state; null when another moved it. */
    async move(
      block: Block,
      to: BlockState,
      trace: {
        set?: Partial<Pick<Block, 'missed' | 'origin'>>;
        entry: HistoryEntry;
        messages?: readonly Message[];
      },
    ): Promise<Block | null> {
      const messages = trace.messages ?? [];
      const after = await blocks.findOneAndUpdate(
        { _id: block._id, state: block.state, version: block.version },
        {
          $set: { ...trace.set, state: to },
          $currentDate: { movedAt: true },
          $inc: { version: 1 },
          $push: { history: trace.entry, outbox: { $each: [...messages] } },
        },
        { returnDocument: 'after' },
      );
      if (after !== null) for (const message of messages) stored(message);
      return after;
    },

    /** Blocks that rest in a middle state. */
    unfinished: (ageMs: number, limit: number): Promise<Block[]> =>
      blocks
        .find({ state: { $in: ['placing', 'lifting'] }, ...olderThan('$movedAt', ageMs) })
        .limit(limit)
        .toArray(),
  };
}

export type Blocks = ReturnType<typeof createBlocks>;
