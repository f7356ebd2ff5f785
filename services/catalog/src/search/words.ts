/**
 * Words as the search compares them: case, accents and ligatures folded, so that "Dvorak" finds
 * Dvořák, and near ones found by what is left of them when letters are dropped.
 */
const LIGATURES: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};
const LONGEST_WORD = 40;
/** Letters of a word that its near ones are looked up by; later ones are compared only. */
const NEAR_LETTERS = 7;

/** Lower case, without accents. */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[ßæœøłđðþı]/g, (letter) => LIGATURES[letter] ?? letter);
}

/** The folded words of a text, each once, in its order. */
export function wordsOf(text: string): string[] {
  const words = fold(text).match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words.map((word) => word.slice(0, LONGEST_WORD)))];
}

/** Slips that a word of that length may have and still be taken for another one. */
export function slipsAllowed(word: string): 0 | 1 | 2 {
  if (word.length < 4) return 0;
  return word.length < 8 ? 1 : 2;
}

/**
 * What is left of a word's first letters when up to as many are dropped as it may have slips. Two
 * words within those slips of each other share one of these (Garbe's symmetric deletion), so near
 * words are found by equality.
 */
export function deletionsOf(word: string): string[] {
  const found = new Set([word.slice(0, NEAR_LETTERS)]);
  let latest = [...found];
  for (let dropped = 0; dropped < slipsAllowed(word); dropped += 1) {
    latest = latest.flatMap((one) =>
      Array.from(one, (_, at) => one.slice(0, at) + one.slice(at + 1)),
    );
    for (const one of latest) found.add(one);
  }
  return [...found];
}

/**
 * How many letters are to be added, dropped, changed or swapped with their neighbour to make one
 * word of the other (optimal string alignment); more than `most` is Infinity.
 */
export function distanceOf(one: string, other: string, most: number): number {
  if (Math.abs(one.length - other.length) > most) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let above = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let at = 1; at <= other.length; at += 1) {
      const same = one[row - 1] === other[at - 1];
      const swapped = row > 1 && at > 1 && one[row - 1] === other[at - 2];
      current[at] = Math.min(
        (above[at] ?? 0) + 1,
        (current[at - 1] ?? 0) + 1,
        (above[at - 1] ?? 0) + (same ? 0 : 1),
        swapped && one[row - 2] === other[at - 1] ? (before[at - 2] ?? 0) + 1 : Infinity,
      );
    }
    before = above;
    above = current;
  }
  const distance = above[other.length] ?? 0;
  return distance > most ? Number.POSITIVE_INFINITY : distance;
}

/** The same to the nearest beginning of the other word, for a word that is not finished. */
export function beginningDistanceOf(word: string, other: string, most: number): number {
  const ends = Array.from({ length: 2 * most + 1 }, (_, at) => word.length - most + at);
  return Math.min(...ends.map((end) => distanceOf(word, other.slice(0, end), most)));
}
