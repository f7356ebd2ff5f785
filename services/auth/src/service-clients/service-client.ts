import { timingSafeEqual } from 'node:crypto';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import { eq } from 'drizzle-orm';
import { type AccessToken, issueAccessToken } from '../keys/access-token.ts';
import type { AuthParts } from '../parts.ts';
import { hashOf, newSecret } from '../secrets.ts';
import { serviceClients } from '../tables.ts';

export type IssuedClient = {
  readonly clientId: string;
  readonly name: string;
  readonly secret: string;
};

/** Creates credentials of a service. Only the secret's hash is kept: this answer is its only copy. */
export async function createServiceClient(
  parts: AuthParts,
  command: { name: string; origin: Origin },
): Promise<IssuedClient> {
  const clientId = newId();
  const name = command.name.trim();
  const secret = newSecret();
  await parts.db.transaction(async (tx) => {
    await tx.insert(serviceClients).values({ id: clientId, name, secretHash: hashOf(secret) });
    await recordAudit(tx, {
      aggregateType: 'service_client',
      aggregateId: clientId,
      action: 'service_client.created',
      newStatus: 'active',
      metadata: { name },
      origin: command.origin,
    });
  });
  return { clientId, name, secret };
}

/** An access token with the role `service` for the right secret. */
export async function issueServiceToken(
  parts: AuthParts,
  command: { clientId: string; secret: string },
): Promise<AccessToken | Refusal> {
  const [client] = await parts.db
    .select({ secretHash: serviceClients.secretHash })
    .from(serviceClients)
    .where(eq(serviceClients.id, command.clientId));
  if (client === undefined || !timingSafeEqual(client.secretHash, hashOf(command.secret))) {
    return refused('service_credentials_invalid', 'There is no service with this id and secret.');
  }
  return issueAccessToken(parts.keyring, { subject: command.clientId, roles: ['service'] });
}
