import type { Logger } from '@holdfast/shared/logger.ts';
import type { Figures } from '../figures.ts';
import type { Boards } from '../seat-map/boards.ts';
import type { HoldChanges } from '../stores/hold-changes.ts';
import type { Holds } from '../stores/holds.ts';
import type { Quotas } from '../stores/quotas.ts';
import type { Seats } from '../stores/seats.ts';
import type { TakenSeats } from '../taken-seats.ts';

/** Seats as this process last knew them: advice, never a decision. */
export type SeatBoards = Pick<Boards, 'find' | 'findToRefuse' | 'get' | 'nowMs'>;

/** What every operation on holds works with. */
export type HoldStores = {
  seats: Seats;
  holds: Holds;
  changes: HoldChanges;
  quotas: Quotas;
  taken: TakenSeats;
  boards: SeatBoards;
  figures: Figures;
  log: Logger;
  /** Wakes the relay after a write that carries a message, where the stores do not tell it themselves. */
  wake: () => void;
};

export type HoldLimits = {
  minMs: number;
  defaultMs: number;
  maxMs: number;
  totalMaxMs: number;
  maxExtensions: number;
  seatsPerHold: number;
  seatsPerUser: number;
  /** Age at which a try without a document counts as broken off. */
  orphanAfterMs: number;
};
