import type { CategoryCount, SeatCounts } from '../search/listing.ts';
import { type Board, codeAt } from './board.ts';
import { type Boards, FOLLOW_MS } from './boards.ts';

/** By the board's codes. */
const KINDS = ['left', 'held', 'sold', undefined] as const;

/** Counts the seats of a board at an instant of the store's clock; blocked ones are none of these. */
export function countBoard(board: Board, nowMs: number): SeatCounts {
  const byCategory = new Map<string, CategoryCount>();
  const total = { left: 0, held: 0, sold: 0 };
  board.faces.forEach(({ category }, index) => {
    const count = byCategory.get(category) ?? { category, left: 0, held: 0, sold: 0 };
    byCategory.set(category, count);
    const kind = KINDS[codeAt(board, index, nowMs)];
    if (kind === undefined) return;
    count[kind] += 1;
    total[kind] += 1;
  });
  return { ...total, byCategory: [...byCategory.values()] };
}

/** Counts an event's seats by its board; undefined without seats. */
export async function countSeats(
  boards: Boards,
  eventId: string,
): Promise<(SeatCounts & { asOf: Date }) | undefined> {
  const board = await boards.get(eventId);
  if (board === undefined) return undefined;
  const nowMs = boards.nowMs();
  // What others changed may be missing for so long.
  return { ...countBoard(board, nowMs), asOf: new Date(nowMs - FOLLOW_MS) };
}
