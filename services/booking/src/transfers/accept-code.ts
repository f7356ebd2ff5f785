import { createHash, randomBytes } from 'node:crypto';

/** The secret that accepts a transfer: 256 random bits, known to those it was given to only. */
export function newAcceptCode(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a code; enough for so many random bits, which nobody can guess. */
export function hashOfCode(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}
