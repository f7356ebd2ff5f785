import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint, newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import type { AuthParts } from '../parts.ts';
import { logIn } from '../sessions/log-in.ts';
import { type Grant, openSession } from '../sessions/session.ts';
import { type Account, normaliseEmail } from './account.ts';
import { announce, findRegistration, findUserByEmail, insertUser, type NewUser } from './users.ts';

export type Registration = {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly phone?: string;
  readonly idempotencyKey: string | undefined;
  readonly origin: Origin;
};

/**
 * Creates an account and its first session. Of rivals for one mail address one wins. With an
 * Idempotency-Key the account's id derives from the key, so that a repeat finds the account.
 */
export async function register(parts: AuthParts, command: Registration): Promise<Grant | Refusal> {
  const { idempotencyKey: key, name, phone = null } = command;
  const email = normaliseEmail(command.email);
  const request = fingerprint({ email, name, phone });
  const userId = key === undefined ? newId() : derivedId('registration', key);
  const before = await findEarlier(parts, command, { userId, email, request });
  if (before !== undefined) return before;

  const user: NewUser = {
    userId,
    email,
    name: name.trim(),
    phone,
    roles: ['user'],
    passwordHash: await parts.passwords.hash(command.password),
    ...(key !== undefined && { registrationFingerprint: request }),
  };
  const origin = { ...command.origin, actor: `user:${userId}` };
  const granted = await parts.db.transaction(async (tx) => {
    const account = await createAccount(tx, user, origin);
    return account && openSession(parts, tx, account, origin);
  });
  if (granted !== undefined) {
    parts.wakeRelay();
    return granted;
  }
  // A rival was faster; its transaction has committed, so it is found now.
  return (await findEarlier(parts, command, { userId, email, request })) ?? emailTaken(email);
}

/** Inserts the account with its audit entry and message; undefined when address or id is taken. */
export async function createAccount(
  tx: Transaction,
  user: NewUser,
  origin: Origin,
): Promise<Account | undefined> {
  const account = await insertUser(tx, user);
  if (account === undefined) return undefined;
  await recordAudit(tx, {
    aggregateType: 'user',
    aggregateId: account.userId,
    action: 'user.registered',
    newStatus: 'active',
    metadata: { after: { tier: account.tier, roles: account.roles } },
    origin,
  });
  await announce(tx, account, origin);
  return account;
}

/**
 * The answer when the key or the address was used before. A repeat of the same request gets the
 * same account with a new session, since tokens are not stored; it proves the password anew.
 */
async function findEarlier(
  parts: AuthParts,
  command: Registration,
  wanted: { userId: string; email: string; request: string },
): Promise<Grant | Refusal | undefined> {
  const registration =
    command.idempotencyKey === undefined
      ? undefined
      : await findRegistration(parts.db, wanted.userId);
  if (registration !== undefined) {
    const reused = refused(
      'idempotency_key_reused',
      'This Idempotency-Key registered another account: send a new key.',
    );
    if (registration.fingerprint !== wanted.request) return reused;
    const granted = await logIn(parts, command);
    return isRefusal(granted) && granted.code === 'credentials_invalid' ? reused : granted;
  }
  return (await findUserByEmail(parts.db, wanted.email)) && emailTaken(wanted.email);
}

function emailTaken(email: string): Refusal {
  return refused('email_taken', `${email} has an account already: log in instead.`);
}
