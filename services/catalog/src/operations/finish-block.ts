import { systemClock } from '@holdfast/shared/clock.ts';
import { type BlockChange, blockLifted, blockPlaced } from '@holdfast/shared/contracts/blocks.ts';
import { type Contract, type Message, newMessage } from '@holdfast/shared/contracts/contract.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import type { Block, BlockState } from '../block.ts';
import { historyEntry } from '../hold.ts';
import { seatKey, toChange } from '../seat.ts';
import type { Blocks } from '../stores/blocks.ts';
import type { SeatBlocks } from '../stores/seat-blocks.ts';
import type { TakenSeats } from '../taken-seats.ts';

export type BlockStores = {
  blocks: Blocks;
  seatBlocks: SeatBlocks;
  taken: TakenSeats;
  wake: () => void;
};

const SEATS_A_MESSAGE = 1_000;

/**
 * Brings a block out of its middle state. Each part may be repeated, so any instance may finish what
 * another began. A block that misses a seat is undone.
 */
export async function finishBlock(stores: BlockStores, block: Block): Promise<Block> {
  if (block.state === 'placing') return place(stores, block);
  if (block.state === 'lifting') return lift(stores, block);
  return block;
}

async function place(stores: BlockStores, block: Block): Promise<Block> {
  const missed = await stores.seatBlocks.block(block.eventId, block._id, block.seatIds);
  const to = missed.length === 0 ? 'placed' : 'lifting';
  const moved = await stores.blocks.move(block, to, {
    set: { missed },
    entry: entryOf(block, missed.length === 0 ? block.reason : 'seats in use', to),
    messages: missed.length === 0 ? await messagesOf(stores, blockPlaced, block) : [],
  });
  if (moved === null) return afterAnother(stores, block);
  stores.wake();
  return finishBlock(stores, moved);
}

async function lift(stores: BlockStores, block: Block): Promise<Block> {
  await stores.seatBlocks.unblock(block.eventId, block._id);
  stores.taken.forget(block.seatIds.map((seatId) => seatKey(block.eventId, seatId)));
  const moved = await stores.blocks.move(block, 'lifted', {
    entry: entryOf(block, 'seats given back', 'lifted'),
    messages: await messagesOf(stores, blockLifted, block),
  });
  stores.wake();
  return moved ?? afterAnother(stores, block);
}

/** Another finished the step; what this call blocked after the other lifted it is given back. */
async function afterAnother(stores: BlockStores, block: Block): Promise<Block> {
  const now = (await stores.blocks.find(block._id)) ?? block;
  if (block.state === 'placing' && now.state === 'lifted') {
    await stores.seatBlocks.unblock(block.eventId, block._id);
  }
  return now.version === block.version ? now : finishBlock(stores, now);
}

function entryOf(block: Block, reason: string, to: BlockState) {
  const before = { state: block.state };
  return historyEntry(systemClock.now(), block.origin, reason, before, { state: to });
}

async function messagesOf(
  stores: BlockStores,
  contract: Contract<BlockChange>,
  block: Block,
): Promise<Message[]> {
  const seats = await stores.seatBlocks.standingOf(block.eventId, block.seatIds);
  const parts = Array.from({ length: Math.ceil(seats.length / SEATS_A_MESSAGE) }, (_, part) =>
    seats.slice(part * SEATS_A_MESSAGE, (part + 1) * SEATS_A_MESSAGE),
  );
  return parts.map((part, index) =>
    newMessage(contract, {
      id: derivedId(block._id, contract.type, String(index)),
      key: block._id,
      version: block.version + 1,
      time: systemClock.now(),
      origin: block.origin,
      data: {
        blockId: block._id,
        eventId: block.eventId,
        actor: block.origin.actor,
        reason: block.reason,
        seats: part.map(toChange),
      },
    }),
  );
}
