import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';

/**
 * The mail address of an account, undefined until auth's message of it has come. An address never
 * changes in auth, so what is known is true.
 */
export async function emailOf(
  db: Database | Transaction,
  userId: string,
): Promise<string | undefined> {
  const { rows } = await db.execute<{ email: string }>(
    sql`select email from projections.customers where user_id = ${userId}`,
  );
  return rows[0]?.email;
}
