/** Texts of an event in another language. */
export type Translation = { name?: string; description?: string };
export type Translations = Record<string, Translation>;

/**
 * The language to answer in: of those there are, the one that an Accept-Language header likes best
 * (RFC 9110, 12.5.4); "de" serves "de-AT". Undefined is the language of the original.
 */
export function languageOf(
  header: string | undefined,
  languages: readonly string[],
): string | undefined {
  const wishes = (header ?? '')
    .split(',')
    .map((wish, at) => {
      const [range = '', ...parameters] = wish.split(';').map((part) => part.trim().toLowerCase());
      const q = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
      return { range, q, at };
    })
    .filter(({ range, q }) => range !== '' && q > 0)
    .sort((a, b) => b.q - a.q || a.at - b.at);
  for (const { range } of wishes) {
    const found = languages.find((one) => {
      const language = one.toLowerCase();
      return range === language || range.startsWith(`${language}-`);
    });
    if (found !== undefined) return found;
  }
  return undefined;
}
