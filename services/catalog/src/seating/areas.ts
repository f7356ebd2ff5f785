import type { SeatFace } from '../seat.ts';

const known = new WeakMap<readonly SeatFace[], ReadonlyMap<string, readonly number[]>>();

/**
 * The standing areas of a plan (general admission): the places of each, as indexes of `faces`. A
 * place is a seat without a position; its section is the area.
 */
export function areasOf(faces: readonly SeatFace[]): ReadonlyMap<string, readonly number[]> {
  const areas = known.get(faces) ?? readAreas(faces);
  known.set(faces, areas);
  return areas;
}

function readAreas(faces: readonly SeatFace[]): Map<string, number[]> {
  const standing = [...faces.keys()].filter((index) => faces[index]?.position === undefined);
  return Map.groupBy(standing, (index) => faces[index]?.section ?? '');
}

/**
 * The first free ones of an area's places, counted from a place of the caller's choosing and round
 * to it again: from a random one, parties that choose at once seldom meet. Fewer than asked for
 * where there are not so many.
 */
export function pickPlaces<Place>(
  places: readonly Place[],
  quantity: number,
  from: number,
  isFree: (place: Place) => boolean,
): Place[] {
  const picked: Place[] = [];
  for (let step = 0; step < places.length && picked.length < quantity; step += 1) {
    const place = places[(from + step) % places.length];
    if (place !== undefined && isFree(place)) picked.push(place);
  }
  return picked;
}
