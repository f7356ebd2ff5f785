import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A new random id in Stripe's form: a prefix that names the kind, then 24 letters and digits. */
export function makeId(prefix: 'pi' | 'ch' | 're' | 'txn' | 'evt' | 'req' | 'secret'): string {
  let text = `${prefix}_`;
  for (const byte of randomBytes(24)) text += ALPHABET[byte % ALPHABET.length];
  return text;
}
