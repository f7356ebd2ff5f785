import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { systemClock } from './clock.ts';
import type { Role } from './contracts/users.ts';
import { describeError, Fault, type Refusal, refused } from './errors.ts';

/** Who makes a request, as the access token says. */
export type Actor = {
  readonly userId: string;
  readonly roles: readonly Role[];
  /** The login that the token belongs to; a service has none. */
  readonly sessionId?: string;
};

export const TOKEN_ISSUER = 'holdfast/auth';
export const TOKEN_AUDIENCE = 'holdfast';
const CACHED_TOKENS = 50_000;

/**
 * Verifies access tokens (EdDSA, by auth's JWKS) and remembers verified ones until they
 * expire, so that a busy client's token is checked by signature once.
 */
export function createTokenVerifier(jwksUrl: string | JWTVerifyGetKey) {
  const keys =
    typeof jwksUrl === 'string'
      ? createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: 3_000, cooldownDuration: 1_000 })
      : jwksUrl;
  const verified = new LRUCache<string, { actor: Actor; expiresAtMs: number }>({
    max: CACHED_TOKENS,
  });

  /** The actor of a token; a refusal `token_invalid`; throws a retryable Fault when auth is down. */
  return async function verifyToken(token: string): Promise<Actor | Refusal> {
    const known = verified.get(token);
    if (known && known.expiresAtMs > systemClock.now().getTime()) return known.actor;
    try {
      const { payload } = await jwtVerify<{ roles: Role[]; sid?: string }>(token, keys, {
        algorithms: ['EdDSA'],
        issuer: TOKEN_ISSUER,
        audience: TOKEN_AUDIENCE,
        requiredClaims: ['sub', 'exp', 'roles'],
      });
      const actor: Actor = {
        userId: payload.sub as string,
        roles: payload.roles,
        ...(payload.sid !== undefined && { sessionId: payload.sid }),
      };
      verified.set(token, { actor, expiresAtMs: (payload.exp as number) * 1_000 });
      return actor;
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        return refused(
          'token_invalid',
          'The access token has expired: refresh it or log in again.',
        );
      }
      if (error instanceof errors.JOSEError && !isKeySetFailure(error)) {
        return refused('token_invalid', 'The access token was not issued here: log in again.');
      }
      throw new Fault('auth_unavailable', `Auth's keys can not be read: ${describeError(error)}`, {
        retryable: true,
        cause: error,
      });
    }
  };
}

export type VerifyToken = ReturnType<typeof createTokenVerifier>;

/** Whether the keys could not be read, which says nothing about the token. */
function isKeySetFailure(error: errors.JOSEError): boolean {
  // jose has no class of its own for an answer other than 200.
  return (
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === 'ERR_JOSE_GENERIC'
  );
}
