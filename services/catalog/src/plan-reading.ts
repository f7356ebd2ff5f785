/** Everything found wrong with a plan so far; each says where and what would be right. */
export type Problems = string[];

const LONGEST_TEXT = 120;

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

/** Flags such as `accessible`, `companion` and `restricted-view`. */
export function readFlags(value: unknown, at: string, problems: Problems): string[] {
  if (value === undefined) return [];
  return readList(value, at, problems).map((flag, index) =>
    readText(flag, `${at}.${index}`, problems),
  );
}
