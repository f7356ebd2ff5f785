import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { type Origin, systemOrigin } from '@holdfast/shared/origin.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import {
  insertKey,
  type KeyStanding,
  listKeys,
  lockKeys,
  saveKeyRevoked,
} from '../stores/ticket-keys.ts';

type KeyChange = { reason: string; origin: Origin };

/** Makes the first key; of several instances that start at once one does. */
export async function makeFirstTicketKey(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    if ((await lockKeys(tx)).length > 0) return;
    const origin = systemOrigin('start', newId());
    await addKey(tx, { reason: 'first_start', origin, signsInMinutes: 0 });
  });
}

/**
 * Makes another key, which is published at once and signs after so many minutes: scanners have
 * that long to fetch it. Codes signed by those before stay good. Answers all keys.
 */
export async function rotateTicketKey(
  db: Database,
  command: KeyChange & { signsInMinutes: number },
): Promise<KeyStanding[]> {
  return db.transaction(async (tx) => {
    await lockKeys(tx);
    await addKey(tx, command);
    return listKeys(tx);
  });
}

/**
 * Ends a key that others may have: its codes let nobody in from the commit on, and tickets show
 * codes of another key, made here if there is none. A repeat changes nothing. Answers all keys.
 */
export async function revokeTicketKey(
  db: Database,
  { kid, ...change }: KeyChange & { kid: string },
): Promise<KeyStanding[] | Refusal> {
  return db.transaction(async (tx) => {
    const key = (await lockKeys(tx)).find((one) => one.kid === kid);
    if (key === undefined) {
      return refused('ticket_key_not_found', `There is no key ${kid} of tickets.`);
    }
    if (key.revokedAt === null) {
      await saveKeyRevoked(tx, kid);
      await audit(tx, key, 'revoked', change);
    }
    if (!(await listKeys(tx)).some(({ isSigning }) => isSigning)) {
      await addKey(tx, { ...change, signsInMinutes: 0 });
    }
    return listKeys(tx);
  });
}

async function addKey(
  tx: Transaction,
  { signsInMinutes, ...change }: KeyChange & { signsInMinutes: number },
): Promise<void> {
  const pair = generateKeyPairSync('ed25519');
  const key = {
    kid: randomBytes(4).toString('hex'),
    id: newId(),
    publicJwk: pair.publicKey.export({ format: 'jwk' }),
    privateJwk: pair.privateKey.export({ format: 'jwk' }),
  };
  await insertKey(tx, key, signsInMinutes);
  await audit(tx, key, 'published', change);
}

async function audit(
  tx: Transaction,
  { kid, id }: { kid: string; id: string },
  status: 'published' | 'revoked',
  change: KeyChange,
): Promise<void> {
  await recordAudit(tx, {
    aggregateType: 'ticket_key',
    aggregateId: id,
    action: `ticket_key.${status}`,
    oldStatus: status === 'revoked' ? 'published' : null,
    newStatus: status,
    metadata: { kid },
    ...change,
  });
}
