import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Signer } from '../offer.ts';

/** The public key of offers, for booking and for anyone who wants to check one. */
export function keyRoutes(signer: Signer): Route[] {
  return [
    route({
      method: 'get',
      path: '/.well-known/jwks.json',
      id: 'getOfferKeys',
      summary: 'Keys that signed offers verify by (JSON Web Key Set)',
      tag: 'keys',
      access: 'anyone',
      responses: { 200: { description: 'The key set' } },
      run: async () => reply(200, await signer.jwks(), { 'cache-control': 'public, max-age=300' }),
    }),
  ];
}
