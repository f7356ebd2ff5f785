/** Everything found wrong with a plan so far; each says where and what would be right. */
export type Problems = string[];

const LONGEST_TEXT = 120;

/**
 * Flags of seats with a meaning here. Others are kept as they are: venues have their own.
 * `accessible` and `companion` are what the seat policy goes by.
 */
export const KNOWN_FLAGS = ['accessible', 'companion', 'restricted_view', 'aisle'] as const;

export function readText(value: unknown, at: string, problems: Problems): string {
  if (typeof value === 'string' && value.length >= 1 && value.length <= LONGEST_TEXT) return value;
  problems.push(`${at} must be text of 1 to ${LONGEST_TEXT} characters.`);
  return '';
}

export function readNumber(value: unknown, at: string, problems: Problems): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  problems.push(`${at} must be a number.`);
  return 0;
}

export function readList(value: unknown, at: string, problems: Problems): unknown[] {
  if (Array.isArray(value)) return value;
  problems.push(`${at} must be a list.`);
  return [];
}

/** The members of an object; with `only`, any other member is a problem. */
export function readObject(
  value: unknown,
  at: string,
  problems: Problems,
  only?: readonly string[],
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`${at} must be an object.`);
    return {};
  }
  if (only !== undefined) {
    for (const name of Object.keys(value)) {
      if (!only.includes(name)) problems.push(`${at}.${name} is not known here.`);
    }
  }
  return Object.fromEntries(Object.entries(value));
}

/** Flags such as those of `KNOWN_FLAGS`, written with underscores, each once. */
export function readFlags(value: unknown, at: string, problems: Problems): string[] {
  if (value === undefined) return [];
  const flags = readList(value, at, problems).map((flag, index) => {
    const text = readText(flag, `${at}.${index}`, problems).replaceAll('-', '_');
    if (!/^[a-z][a-z0-9_]{0,39}$/.test(text)) {
      problems.push(`${at}.${index} must be lower-case words, such as ${KNOWN_FLAGS[2]}.`);
    }
    return text;
  });
  return [...new Set(flags)];
}

/** May be empty or missing, but not endless: labels go into offers, whose texts have a limit. */
export function readLabel(value: unknown, at: string, problems: Problems): string | undefined {
  return value === undefined || value === '' ? value : readText(value, at, problems);
}

/** A place on the drawing; it is kept to a hundredth, which hides what adding up leaves over. */
export function readCoordinate(value: unknown, at: string, problems: Problems): number {
  return round(readNumber(value, at, problems));
}

/** To a hundredth; never minus zero, which JSON has no way to say. */
export const round = (value: number) => Math.round(value * 100) / 100 + 0;

/** The words for a row or seat: its name stands where the label has `%s`, else behind it. */
export function nameBy(label: string, name: string): string {
  if (label.includes('%s')) return label.replace('%s', () => name);
  return label === '' ? name : `${label.toLowerCase()} ${name}`;
}
