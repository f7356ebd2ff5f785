import type { Database } from '@holdfast/shared/postgres/database.ts';
import { eq, sql } from 'drizzle-orm';
import { hashOf } from '../secrets.ts';
import { loginAttempts } from '../tables.ts';

/** Wrong passwords an address may have in a window of this many minutes. */
export const ATTEMPTS_LIMIT = 10;
const WINDOW_MINUTES = 15;

/** Seconds until the address may be tried again; undefined when it may be now. */
export async function secondsUntilAllowed(
  db: Database,
  email: string,
): Promise<number | undefined> {
  const [found] = await db
    .select({
      attempts: loginAttempts.attempts,
      seconds: sql<number>`ceil(extract(epoch from ${loginAttempts.windowEndsAt} - clock_timestamp()))::int`,
    })
    .from(loginAttempts)
    .where(eq(loginAttempts.emailHash, hashOf(email)));
  if (found === undefined || found.attempts < ATTEMPTS_LIMIT || found.seconds <= 0)
    return undefined;
  return found.seconds;
}

/**
 * Counts an attempt before its password is compared, so that parallel guesses can not pass the
 * limit together; a right password clears the count. False when the limit was reached already.
 */
export async function countAttempt(db: Database, email: string): Promise<boolean> {
  const now = sql`clock_timestamp()`;
  const windowEnd = sql`clock_timestamp() + make_interval(mins => ${WINDOW_MINUTES})`;
  const ended = sql`${loginAttempts.windowEndsAt} <= ${now}`;
  const [counted] = await db
    .insert(loginAttempts)
    .values({ emailHash: hashOf(email), attempts: 1, windowEndsAt: windowEnd })
    .onConflictDoUpdate({
      target: loginAttempts.emailHash,
      set: {
        attempts: sql`case when ${ended} then 1 else ${loginAttempts.attempts} + 1 end`,
        windowEndsAt: sql`case when ${ended} then ${windowEnd} else ${loginAttempts.windowEndsAt} end`,
      },
      setWhere: sql`${ended} or ${loginAttempts.attempts} < ${ATTEMPTS_LIMIT}`,
    })
    .returning({ attempts: loginAttempts.attempts });
  return counted !== undefined;
}

export async function clearAttempts(db: Database, email: string): Promise<void> {
  await db.delete(loginAttempts).where(eq(loginAttempts.emailHash, hashOf(email)));
}
