import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { normaliseEmail } from '../accounts/account.ts';
import { findCredentials } from '../accounts/users.ts';
import type { AuthParts } from '../parts.ts';
import { clearAttempts, countAttempt, secondsUntilAllowed } from './login-attempts.ts';
import { type Grant, openSession } from './session.ts';

/**
 * Opens a session for the right password. An unknown address is answered like a wrong password,
 * in the same time; ten wrong ones in 15 minutes close the address until the window ends.
 */
export async function logIn(
  parts: AuthParts,
  command: { email: string; password: string; origin: Origin },
): Promise<Grant | Refusal> {
  const { db, passwords } = parts;
  const email = normaliseEmail(command.email);
  if ((await secondsUntilAllowed(db, email)) !== undefined) return tooMany(parts, email);
  const found = await findCredentials(db, email);
  const outcome = await passwords.check(command.password, found?.passwordHash, () =>
    countAttempt(db, email),
  );
  if (outcome === 'not_admitted') return tooMany(parts, email);
  if (outcome === 'wrong' || found === undefined) {
    parts.countLogin('refused');
    return refused('credentials_invalid', 'There is no account with this mail and password.');
  }
  await clearAttempts(db, email);
  const { account } = found;
  const origin = { ...command.origin, actor: `user:${account.userId}` };
  const grant = await db.transaction((tx) => openSession(parts, tx, account, origin));
  parts.countLogin('granted');
  return grant;
}

async function tooMany(parts: AuthParts, email: string): Promise<Refusal> {
  parts.countLogin('limited');
  const seconds = (await secondsUntilAllowed(parts.db, email)) ?? 1;
  return refused(
    'too_many_requests',
    `Too many wrong passwords for this address: wait ${seconds} seconds.`,
    { retryAfterSeconds: seconds },
  );
}
