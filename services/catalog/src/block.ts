import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { HistoryEntry } from './hold.ts';

/** `placing` and `lifting` are middle states: finished by whoever meets them. */
export type BlockState = 'placing' | 'placed' | 'lifting' | 'lifted';

/** Seats that the house keeps back: a hold without an end. */
export type Block = {
  _id: string;
  eventId: string;
  reason: string;
  /** The section it was asked for by, if it was. */
  section: string | null;
  seatIds: string[];
  fingerprint: string;
  state: BlockState;
  /** Seats that were in use, for which the block was refused and undone. */
  missed: string[];
  /** Who asked for the step that it is in. */
  origin: Origin;
  version: number;
  createdAt: Date;
  movedAt: Date;
  history: HistoryEntry[];
  outbox: Message[];
};

export function viewBlock(block: Block) {
  const { _id: blockId, eventId, reason, section, seatIds, state, createdAt, history } = block;
  return {
    blockId,
    eventId,
    reason,
    ...(section !== null && { section }),
    seatIds,
    status: state,
    placedBy: history[0]?.actor ?? '',
    createdAt: createdAt.toISOString(),
  };
}
