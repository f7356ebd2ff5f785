import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits as text: a refresh token or a service's secret. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** SHA-256. Enough for 256 random bits, which no one can guess; never for a password. */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
