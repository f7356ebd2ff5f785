import { systemClock } from '@holdfast/shared/clock.ts';
import type { Role, Tier } from '@holdfast/shared/contracts/users.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from '@holdfast/shared/tokens.ts';
import { SignJWT } from 'jose';
import type { Keyring } from './keyring.ts';

/** How long an access token lasts, in seconds. */
export const ACCESS_TOKEN_SECONDS = 600;

export type AccessToken = { readonly accessToken: string; readonly expiresIn: number };

/** A signed token (JWT, EdDSA) for a user's session, or for a service, which has none. */
export async function issueAccessToken(
  keyring: Keyring,
  claims: { subject: string; roles: readonly Role[]; sessionId?: string; tier?: Tier },
): Promise<AccessToken> {
  const { id, privateKey } = keyring.signer();
  const issuedAt = Math.floor(systemClock.now().getTime() / 1_000);
  const { subject, roles, sessionId, tier } = claims;
  const accessToken = await new SignJWT({ roles, tier, ...(sessionId && { sid: sessionId }) })
    .setProtectedHeader({ alg: 'EdDSA', kid: id, typ: 'JWT' })
    .setIssuer(TOKEN_ISSUER)
    .setAudience(TOKEN_AUDIENCE)
    .setSubject(subject)
    .setJti(newId())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ACCESS_TOKEN_SECONDS)
    .sign(privateKey);
  return { accessToken, expiresIn: ACCESS_TOKEN_SECONDS };
}
