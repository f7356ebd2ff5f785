/** Texts of an event in another language. */
export type Translation = { name?: string; description?: string };
export type Translations = Record<string, Translation>;

/**
 * The language to answer in: of the original's and those of its translations, the one that an
 * Accept-Language header likes best. A wish for "de-AT" is served by "de" (RFC 4647, lookup), one for
 * "zh" by "zh-Hant" (filtering). Where none is there, and for any (`*`), it is the original's, which
 * is undefined where nobody said what it is.
 */
export function languageOf(
  header: string | undefined,
  translated: readonly string[],
  original?: string,
): string | undefined {
  const there = original === undefined ? translated : [original, ...translated];
  for (const range of wishesOf(header)) {
    if (range === '*') return original;
    const found = narrowest(there, range) ?? there.find((one) => covers(range, one));
    if (found !== undefined) return found;
  }
  return original;
}

/** Language ranges, lower case, the best liked first (RFC 9110, 12.5.4). */
function wishesOf(header = ''): string[] {
  return header
    .split(',')
    .map((wish, at) => {
      const [range = '', ...parameters] = wish.split(';').map((part) => part.trim().toLowerCase());
      const q = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
      return { range, q, at };
    })
    .filter(({ range, q }) => range !== '' && q > 0)
    .sort((a, b) => b.q - a.q || a.at - b.at)
    .map(({ range }) => range);
}

/** Of the languages that cover the range, the one that says most. */
function narrowest(languages: readonly string[], range: string): string | undefined {
  return languages
    .filter((one) => covers(one, range))
    .toSorted((a, b) => b.length - a.length)
    .at(0);
}

function covers(wide: string, narrow: string): boolean {
  return `${narrow}-`.toLowerCase().startsWith(`${wide}-`.toLowerCase());
}
