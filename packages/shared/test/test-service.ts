import Joi from 'joi';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Role } from '../src/contracts/users.ts';
import type { Dependencies } from '../src/http/health.ts';
import type { Route } from '../src/http/route.ts';
import { serve } from '../src/http/server.ts';
import { newId } from '../src/ids.ts';
import type { Logger } from '../src/logger.ts';
import { createMetrics } from '../src/metrics.ts';
import { createTokenVerifier, TOKEN_AUDIENCE, TOKEN_ISSUER } from '../src/tokens.ts';

export type LogLine = { level: string; name: string; fields: Record<string, unknown> };

/** A logger that keeps its lines, so that a test can say what was logged. */
export function keepLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write =
    (level: string) =>
    (name: string, fields: object = {}) => {
      lines.push({ level, name, fields: { ...fields } });
    };
  const log: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return { log, lines };
}

/** Signs access tokens as auth does, with a key made for this run. */
export async function createTokens() {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'test', alg: 'EdDSA' };
  return {
    verifyToken: createTokenVerifier(createLocalJWKSet({ keys: [jwk] })),
    sign: (roles: Role[], { userId = newId(), seconds = 600 } = {}) =>
      new SignJWT({ roles })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'test' })
        .setIssuer(TOKEN_ISSUER)
        .setAudience(TOKEN_AUDIENCE)
        .setSubject(userId)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1_000) + seconds)
        .sign(privateKey),
  };
}

/** Serves the given routes on a free port, as a service does. */
export async function startTestService(routes: Route[], dependencies: Dependencies = {}) {
  const { log, lines } = keepLog();
  const tokens = await createTokens();
  const server = await serve({
    service: 'test',
    version: '1.2.3',
    description: 'Routes that a test declares.',
    host: '127.0.0.1',
    port: 0,
    routes,
    log,
    metrics: createMetrics('test'),
    verifyToken: tokens.verifyToken,
    dependencies,
  });
  return { ...server, lines, tokens };
}

/** A schema for tests of what a body may be. */
export const noteSchema = Joi.object({
  title: Joi.string().min(1).max(100).required(),
  stars: Joi.number().integer().min(1).max(5),
  tags: Joi.array().items(Joi.string().max(20)).max(3),
});
