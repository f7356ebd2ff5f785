import type { Board } from './board.ts';

/**
 * Where the seats of an event stand and what they are called, apart from how they stand: the same
 * for one version of the plan, for ever. In columns by the order of the plan; texts that repeat
 * are named by their place in a list, a missing floor by -1. Places of a standing area have no
 * position: null.
 */
export function geometryOf({ eventId, planVersion, faces }: Board) {
  const sections = listTexts();
  const rows = listTexts();
  const categories = listTexts();
  const floors = listTexts();
  const flags = listTexts();
  const seats = {
    seatId: faces.map((face) => face.seatId),
    label: faces.map((face) => face.label),
    number: faces.map((face) => face.number),
    section: faces.map((face) => sections.place(face.section)),
    row: faces.map((face) => rows.place(face.row)),
    category: faces.map((face) => categories.place(face.category)),
    floor: faces.map(({ position }) =>
      position?.floor === undefined ? -1 : floors.place(position.floor),
    ),
    x: faces.map(({ position }) => position?.x ?? null),
    y: faces.map(({ position }) => position?.y ?? null),
    flags: faces.map((face) => face.flags.map(flags.place)),
  };
  return {
    eventId,
    planVersion,
    seatCount: faces.length,
    sections: sections.texts,
    rows: rows.texts,
    categories: categories.texts,
    floors: floors.texts,
    flags: flags.texts,
    seats,
  };
}

export type Geometry = ReturnType<typeof geometryOf>;

function listTexts() {
  const places = new Map<string, number>();
  const texts: string[] = [];
  return {
    texts,
    place(text: string): number {
      const known = places.get(text);
      if (known !== undefined) return known;
      places.set(text, texts.length);
      texts.push(text);
      return texts.length - 1;
    },
  };
}
