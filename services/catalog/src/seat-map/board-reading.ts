import type { SeatFace } from '../seat.ts';
import type { SeatStandings, Standing } from '../stores/seat-standings.ts';
import { applyChanges, type Board, type BoardChange, blankBoard, createBoard } from './board.ts';

/** A board as it was read, and the seats whose hold was taken after a given instant. */
export type Reading = { board: Board; young: string[] };

/**
 * A board as the documents have it. Where the board known before follows the same plan, only what
 * changes is read, and the faces are shared with it.
 */
export async function readBoard(
  standings: SeatStandings,
  wanted: { eventId: string; planVersion: number; known: Board | undefined; youngFromMs: number },
): Promise<Reading> {
  const { eventId, planVersion, known, youngFromMs } = wanted;
  const young: string[] = [];
  const put = (board: Board, standing: Standing) => {
    applyChanges(board, [changeOf(standing)]);
    const { status, hold, seatId } = standing;
    if (status === 'held' && hold && hold.takenAt.getTime() >= youngFromMs) young.push(seatId);
  };
  if (known?.planVersion === planVersion) {
    const board = blankBoard(known);
    for await (const standing of standings.read(eventId)) put(board, standing);
    return { board, young };
  }
  const faces: SeatFace[] = [];
  const stood: Standing[] = [];
  const intern = createIntern();
  for await (const { status, version, hold, ...face } of standings.readWithFaces(eventId)) {
    const { seatId, order } = face;
    faces.push(slim(face, intern));
    stood.push({ seatId, order, status, version, ...(hold && { hold }) });
  }
  const board = createBoard(eventId, planVersion, faces);
  for (const standing of stood) put(board, standing);
  return { board, young };
}

/** How a seat stood, as a change of a board. */
export function changeOf({ seatId, version, status, hold }: Standing): BoardChange {
  const endsAtMs = status === 'held' ? (hold?.expiresAt.getTime() ?? 0) : Number.POSITIVE_INFINITY;
  return { seatId, version, status, endsAtMs };
}

type Intern = ReturnType<typeof createIntern>;

/** Thousands of seats share a few sections, rows and flags: one copy of each is enough. */
function createIntern() {
  const texts = new Map<string, string>();
  const lists = new Map<string, string[]>();
  return {
    text(text: string): string {
      const known = texts.get(text) ?? text;
      texts.set(text, known);
      return known;
    },
    list(list: string[]): string[] {
      const key = JSON.stringify(list);
      const known = lists.get(key) ?? list;
      lists.set(key, known);
      return known;
    },
  };
}

function slim(face: SeatFace, intern: Intern): SeatFace {
  const { seatId, label, order, position } = face;
  return {
    seatId,
    label,
    section: intern.text(face.section),
    row: intern.text(face.row),
    number: intern.text(face.number),
    order,
    ...(position && { position }),
    category: intern.text(face.category),
    flags: intern.list(face.flags),
  };
}
