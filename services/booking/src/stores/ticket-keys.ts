import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';

export type NewTicketKey = {
  readonly kid: string;
  /** Names the key in its audit chain. */
  readonly id: string;
  readonly publicJwk: JsonWebKey;
  readonly privateJwk: JsonWebKey;
};
export type KeyStanding = {
  readonly kid: string;
  readonly id: string;
  readonly signsFrom: Date;
  readonly revokedAt: Date | null;
  /** Whether it is the one that signs now. */
  readonly isSigning: boolean;
};
export type TicketSigner = { readonly kid: string; readonly privateKey: KeyObject };
export type TicketKeys = ReturnType<typeof createTicketKeys>;

/** Of two transactions that change the keys one waits. */
const LOCK = 4_014;

/** Which key signs and which were revoked is read each time; pairs never change and are kept. */
export function createTicketKeys(db: Database) {
  const signers = new Map<string, TicketSigner>();
  const publicKeys = new Map<string, KeyObject>();
  return {
    /** The key that signs now. */
    async signer(): Promise<TicketSigner> {
      const { rows } = await db.execute<{ kid: string; jwk: JsonWebKey }>(sql`
        select kid, private_jwk as jwk from ticket_keys
        where revoked_at is null and signs_from <= now() order by signs_from desc limit 1`);
      const [found] = rows;
      if (found === undefined) throw new Error('there is no key for tickets');
      const { kid, jwk } = found;
      const known = signers.get(kid);
      if (known) return known;
      const signer = { kid, privateKey: createPrivateKey({ key: jwk, format: 'jwk' }) };
      signers.set(kid, signer);
      return signer;
    },
    /** The public half of a key, revoked or not. */
    async find(kid: string): Promise<KeyObject | undefined> {
      const known = publicKeys.get(kid);
      if (known) return known;
      const { rows } = await db.execute<{ jwk: JsonWebKey }>(
        sql`select public_jwk as jwk from ticket_keys where kid = ${kid}`,
      );
      const jwk = rows[0]?.jwk;
      if (jwk === undefined) return undefined;
      const key = createPublicKey({ key: jwk, format: 'jwk' });
      publicKeys.set(kid, key);
      return key;
    },
    /** The public halves that codes verify by, newest first (JSON Web Key Set). */
    async published(): Promise<object[]> {
      const { rows } = await db.execute<{ kid: string; jwk: JsonWebKey }>(sql`
        select kid, public_jwk as jwk from ticket_keys where revoked_at is null
        order by signs_from desc`);
      return rows.map(({ kid, jwk }) => ({ ...jwk, kid, alg: 'EdDSA', use: 'sig' }));
    },
  };
}

/** All keys, newest first, until the transaction ends nobody else's to change. */
export async function lockKeys(tx: Transaction): Promise<KeyStanding[]> {
  await tx.execute(sql`select pg_advisory_xact_lock(${LOCK})`);
  return listKeys(tx);
}

export async function listKeys(db: Database | Transaction): Promise<KeyStanding[]> {
  const { rows } = await db.execute<{
    kid: string;
    id: string;
    signsFrom: string;
    revokedAt: string | null;
    isSigning: boolean;
  }>(sql`
    select kid, id, signs_from as "signsFrom", revoked_at as "revokedAt",
      kid is not distinct from (
        select kid from ticket_keys where revoked_at is null and signs_from <= now()
        order by signs_from desc limit 1
      ) as "isSigning"
    from ticket_keys order by signs_from desc`);
  return rows.map(({ signsFrom, revokedAt, ...key }) => ({
    ...key,
    signsFrom: new Date(signsFrom),
    revokedAt: revokedAt === null ? null : new Date(revokedAt),
  }));
}

export async function insertKey(
  tx: Transaction,
  key: NewTicketKey,
  signsInMinutes: number,
): Promise<void> {
  await tx.execute(sql`
    insert into ticket_keys (kid, id, public_jwk, private_jwk, signs_from)
    values (${key.kid}, ${key.id}, ${JSON.stringify(key.publicJwk)}::jsonb,
      ${JSON.stringify(key.privateJwk)}::jsonb, now() + make_interval(mins => ${signsInMinutes}))`);
}

export async function saveKeyRevoked(tx: Transaction, kid: string): Promise<void> {
  await tx.execute(sql`update ticket_keys set revoked_at = now() where kid = ${kid}`);
}
