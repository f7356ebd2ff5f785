import Joi from 'joi';
import type { Contract } from './contract.ts';
import { id } from './fields.ts';
import { type SeatChange, seatChanges } from './holds.ts';

/** Seats that the house keeps back, or gives back; a block has no end of its own. */
export type BlockChange = {
  blockId: string;
  eventId: string;
  /** Who did it. */
  actor: string;
  reason: string;
  /** A part of the block's seats: large blocks are told by several messages. */
  seats: SeatChange[];
};

const example: BlockChange = {
  blockId: '0198c9d4-7777-7000-8000-0000000000b1',
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  actor: 'user:0198c9d4-0000-7000-8000-0000000000aa',
  reason: 'Camera platform',
  seats: [{ seatId: 'STALLS-C-14', version: 2, status: 'blocked', order: 41 }],
};

const schema = Joi.object<BlockChange>({
  blockId: id().required(),
  eventId: id().required(),
  actor: Joi.string().required(),
  reason: Joi.string().required(),
  seats: seatChanges().required(),
});

function blockContract(type: string, summary: string, golden: BlockChange): Contract<BlockChange> {
  return {
    type,
    topic: 'catalog.holds',
    producer: 'catalog',
    consumers: [],
    summary,
    schema,
    example: golden,
  };
}

export const blockPlaced = blockContract(
  'block.placed.v1',
  'The house keeps seats back from sale, until it lifts the block',
  example,
);
export const blockLifted = blockContract(
  'block.lifted.v1',
  'Seats that the house kept back are for sale',
  { ...example, seats: [{ seatId: 'STALLS-C-14', version: 3, status: 'available', order: 41 }] },
);

export const BLOCK_CONTRACTS = [blockPlaced, blockLifted] as const;
