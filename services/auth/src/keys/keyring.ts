import { Fault } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { asc, inArray, sql } from 'drizzle-orm';
import {
  type CryptoKey,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import { signingKeys } from '../tables.ts';
import { ACCESS_TOKEN_SECONDS } from './access-token.ts';

/** How long others may keep the key set, in seconds. */
export const KEY_SET_MAX_AGE_SECONDS = 300;
/** A next key is published this long before it signs, so that every verifier knows it by then. */
const PUBLISHED_AHEAD_SECONDS = 3_600;
/** An old key stays published this long after the next one began: its tokens have ended by then. */
const KEPT_AFTER_SECONDS = ACCESS_TOKEN_SECONDS + 3_600;
const LOCK = 4_001;

type Signer = { readonly id: string; readonly privateKey: CryptoKey };
export type Keyring = {
  /** The key that signs now. */
  signer(): Signer;
  /** The public keys, as /.well-known/jwks.json answers them. */
  published(): JSONWebKeySet;
  /** Finds the key of a token, for this service's own verifier. */
  readonly find: JWTVerifyGetKey;
  /** Adds and removes keys as their age asks, and reads them again. */
  renew(): Promise<void>;
};

/**
 * Opens the signing keys, which all instances share through the database; the first one to start
 * makes the first key. Ages and turns are by the database's clock.
 */
export async function openKeyring(db: Database, settings: { keyDays: number }): Promise<Keyring> {
  let signer: Signer | undefined;
  let published: JSONWebKeySet = { keys: [] };
  let find = createLocalJWKSet(published);

  async function renew(): Promise<void> {
    const keys = await db.transaction((tx) => rotate(tx, settings.keyDays));
    const current = keys.filter((key) => key.mature).at(-1);
    if (current === undefined) throw new Error('The newest signing keys are all in the future');
    if (current.id !== signer?.id) {
      const privateKey = await importJWK(current.privateJwk, 'EdDSA');
      if (privateKey instanceof Uint8Array) throw new Error(`Signing key ${current.id} is no pair`);
      signer = { id: current.id, privateKey };
    }
    published = {
      keys: keys.map((key) => ({ ...key.publicJwk, kid: key.id, alg: 'EdDSA', use: 'sig' })),
    };
    find = createLocalJWKSet(published);
  }

  await renew();
  return {
    signer() {
      if (signer === undefined) {
        throw new Fault('starting', 'There is no signing key yet', { retryable: true });
      }
      return signer;
    },
    published: () => published,
    find: (header, token) => find(header, token),
    renew,
  };
}

/** One instance at a time; answers the keys, oldest first. */
async function rotate(tx: Transaction, keyDays: number) {
  await tx.execute(sql`select pg_advisory_xact_lock(${LOCK})`);
  const before = await readKeys(tx);
  const retired = before.slice(0, -1).filter((_key, at) => {
    const next = before[at + 1];
    return next !== undefined && next.ageSeconds > KEPT_AFTER_SECONDS;
  });
  if (retired.length > 0) {
    await tx.delete(signingKeys).where(
      inArray(
        signingKeys.id,
        retired.map((key) => key.id),
      ),
    );
  }
  const newest = before.at(-1);
  if (newest === undefined) await addKey(tx, 0);
  else if (newest.ageSeconds > keyDays * 86_400 - PUBLISHED_AHEAD_SECONDS) {
    await addKey(tx, PUBLISHED_AHEAD_SECONDS);
  }
  return readKeys(tx);
}

function readKeys(tx: Transaction) {
  const ageSeconds = sql<number>`extract(epoch from clock_timestamp() - ${signingKeys.signsFrom})::float8`;
  return tx
    .select({
      id: signingKeys.id,
      publicJwk: signingKeys.publicJwk,
      privateJwk: signingKeys.privateJwk,
      ageSeconds,
      mature: sql<boolean>`${signingKeys.signsFrom} <= clock_timestamp()`,
    })
    .from(signingKeys)
    .orderBy(asc(signingKeys.signsFrom));
}

async function addKey(tx: Transaction, signsInSeconds: number): Promise<void> {
  const pair = await generateKeyPair('EdDSA', { extractable: true });
  await tx.insert(signingKeys).values({
    id: newId(),
    publicJwk: await exportJWK(pair.publicKey),
    privateJwk: await exportJWK(pair.privateKey),
    signsFrom: sql`clock_timestamp() + make_interval(secs => ${signsInSeconds})`,
  });
}
