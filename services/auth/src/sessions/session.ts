import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Account } from '../accounts/account.ts';
import { findUser } from '../accounts/users.ts';
import { type AccessToken, issueAccessToken } from '../keys/access-token.ts';
import type { AuthParts } from '../parts.ts';
import { hashOf, newSecret } from '../secrets.ts';
import { refreshTokens, sessions } from '../tables.ts';

/** What a client gets when it logged in or refreshed. */
export type Grant = AccessToken & {
  readonly kind: 'granted';
  readonly account: Account;
  readonly refreshToken: string;
};

type EndReason = 'logged_out' | 'refresh_token_reused';

/** Opens a session of the account, in the caller's transaction. */
export async function openSession(
  parts: AuthParts,
  tx: Transaction,
  account: Account,
  origin: Origin,
): Promise<Grant> {
  const sessionId = newId();
  await tx.insert(sessions).values({
    id: sessionId,
    userId: account.userId,
    expiresAt: sql`clock_timestamp() + make_interval(days => ${parts.sessionDays})`,
  });
  await recordAudit(tx, {
    aggregateType: 'session',
    aggregateId: sessionId,
    action: 'session.opened',
    newStatus: 'open',
    metadata: { userId: account.userId },
    origin,
  });
  return grant(parts, tx, account, sessionId);
}

/**
 * Exchanges a refresh token for new ones. A token works once; a used one that comes again was
 * copied by somebody, so it ends its session and with it every token of the family.
 */
export async function refreshSession(
  parts: AuthParts,
  command: { refreshToken: string; origin: Origin },
): Promise<Grant | Refusal> {
  const hash = hashOf(command.refreshToken);
  const invalid = refused(
    'refresh_token_invalid',
    'This refresh token is not valid: log in again.',
  );
  return parts.db.transaction(async (tx) => {
    const [used] = await tx
      .update(refreshTokens)
      .set({ usedAt: sql`clock_timestamp()` })
      .where(and(eq(refreshTokens.hash, hash), isNull(refreshTokens.usedAt)))
      .returning({ sessionId: refreshTokens.sessionId });
    if (used === undefined) {
      await endFamilyOf(tx, hash, command.origin);
      return invalid;
    }
    const [open] = await tx
      .select({ userId: sessions.userId })
      .from(sessions)
      .where(and(isOpen(used.sessionId), sql`${sessions.expiresAt} > clock_timestamp()`))
      .for('update');
    const account = open && (await findUser(tx, open.userId));
    return account === undefined ? invalid : grant(parts, tx, account, used.sessionId);
  });
}

/** Ends a session: its refresh tokens work no more. Ending it again does nothing. */
export async function logOut(
  parts: AuthParts,
  command: { sessionId: string; origin: Origin },
): Promise<void> {
  const { sessionId, origin } = command;
  await parts.db.transaction((tx) => endSession(tx, sessionId, 'logged_out', origin));
}

async function endFamilyOf(tx: Transaction, hash: Buffer, origin: Origin): Promise<void> {
  const [token] = await tx
    .select({ sessionId: refreshTokens.sessionId })
    .from(refreshTokens)
    .where(eq(refreshTokens.hash, hash));
  if (token === undefined) return;
  await endSession(tx, token.sessionId, 'refresh_token_reused', origin);
}

async function endSession(
  tx: Transaction,
  sessionId: string,
  endReason: EndReason,
  origin: Origin,
): Promise<void> {
  const [ended] = await tx
    .update(sessions)
    .set({ endedAt: sql`clock_timestamp()`, endReason })
    .where(isOpen(sessionId))
    .returning({ userId: sessions.userId });
  if (ended === undefined) return;
  await recordAudit(tx, {
    aggregateType: 'session',
    aggregateId: sessionId,
    action: 'session.ended',
    oldStatus: 'open',
    newStatus: 'ended',
    reason: endReason,
    metadata: { userId: ended.userId },
    origin,
  });
}

async function grant(
  parts: AuthParts,
  tx: Transaction,
  account: Account,
  sessionId: string,
): Promise<Grant> {
  const refreshToken = newSecret();
  await tx.insert(refreshTokens).values({ hash: hashOf(refreshToken), sessionId });
  const { userId, roles, tier } = account;
  const access = await issueAccessToken(parts.keyring, {
    ...{ subject: userId, roles, tier, sessionId },
  });
  return { kind: 'granted', account, refreshToken, ...access };
}

function isOpen(sessionId: string) {
  return and(eq(sessions.id, sessionId), isNull(sessions.endedAt));
}
