import { type Refusal, refused } from '@holdfast/shared/errors.ts';

/** A place in a list, opaque to clients. */
export function writeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The parts of a cursor that this service wrote; a refusal for any other text. */
export function readCursor(
  cursor: string | undefined,
  count: number,
): readonly string[] | undefined | Refusal {
  if (cursor === undefined) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parts) && parts.length === count && parts.every(isPlainText)) return parts;
  } catch {
    // Not written here: refused below.
  }
  return refused('invalid_request', 'The cursor is not one of a page of this list.');
}

function isPlainText(part: unknown): part is string {
  return typeof part === 'string' && !part.includes('\0');
}
