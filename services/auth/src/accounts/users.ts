import { newMessage } from '@holdfast/shared/contracts/contract.ts';
import { userRegistered, userUpdated } from '@holdfast/shared/contracts/users.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { eq, inArray, sql } from 'drizzle-orm';
import { users } from '../tables.ts';
import { type Account, type ChangedAccount, stateOf } from './account.ts';

const account = {
  userId: users.id,
  email: users.email,
  name: users.name,
  phone: users.phone,
  tier: users.tier,
  grantedTier: users.grantedTier,
  roles: users.roles,
  version: users.version,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
};

export type NewUser = Pick<Account, 'userId' | 'email' | 'name' | 'phone' | 'roles'> & {
  passwordHash: string;
  registrationFingerprint?: string;
};

/** The new account; undefined when its mail address or id is taken. */
export async function insertUser(tx: Transaction, user: NewUser): Promise<Account | undefined> {
  const { userId, roles, ...rest } = user;
  const [inserted] = await tx
    .insert(users)
    .values({ id: userId, roles: [...roles], ...rest })
    .onConflictDoNothing()
    .returning(account);
  return inserted;
}

export async function findUser(db: Database | Transaction, userId: string) {
  const [found] = await db.select(account).from(users).where(eq(users.id, userId));
  return found satisfies Account | undefined;
}

/** By normalised mail address. */
export async function findUserByEmail(db: Database | Transaction, email: string) {
  const [found] = await db.select(account).from(users).where(eq(users.email, email));
  return found satisfies Account | undefined;
}

/** The account and its password hash, by normalised mail address. */
export async function findCredentials(db: Database | Transaction, email: string) {
  const [found] = await db
    .select({ account, passwordHash: users.passwordHash })
    .from(users)
    .where(eq(users.email, email));
  return found;
}

/** The fingerprint of the request that registered the account under an Idempotency-Key. */
export async function findRegistration(db: Database, userId: string) {
  const [found] = await db
    .select({ fingerprint: users.registrationFingerprint })
    .from(users)
    .where(eq(users.id, userId));
  return found;
}

/** The account, locked until the transaction ends. */
export async function lockUser(tx: Transaction, userId: string): Promise<Account | undefined> {
  const [found] = await tx.select(account).from(users).where(eq(users.id, userId)).for('update');
  return found;
}

/** Those accounts, locked until the transaction ends; in one order everywhere. */
export async function lockUsers(tx: Transaction, userIds: readonly string[]): Promise<Account[]> {
  return tx
    .select(account)
    .from(users)
    .where(inArray(users.id, [...userIds]))
    .orderBy(users.id)
    .for('update');
}

export async function updateUser(
  tx: Transaction,
  userId: string,
  { name, phone, tier, grantedTier, roles }: ChangedAccount['fields'],
): Promise<Account> {
  const [updated] = await tx
    .update(users)
    .set({
      ...{ name, phone, tier, grantedTier },
      roles: [...roles],
      version: sql`${users.version} + 1`,
      updatedAt: sql`clock_timestamp()`,
    })
    .where(eq(users.id, userId))
    .returning(account);
  if (updated === undefined) throw new Error(`User ${userId} was locked and is gone`);
  return updated;
}

/** Puts the account's state after its registration or change into the outbox. */
export async function announce(tx: Transaction, state: Account, origin: Origin): Promise<void> {
  const contract = state.version === 1 ? userRegistered : userUpdated;
  await enqueue(
    tx,
    newMessage(contract, {
      key: state.userId,
      version: state.version,
      time: state.updatedAt,
      origin,
      data: stateOf(state),
    }),
  );
}
