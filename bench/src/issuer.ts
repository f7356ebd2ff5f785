import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OFFER_AUDIENCE, OFFER_ISSUER, type Offer } from '@holdfast/shared/contracts/offer.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from '@holdfast/shared/tokens.ts';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export type Buyer = { userId: string; token: string };

/** Signs access tokens as auth would and publishes the key, so that thousands of accounts cost nothing. */
export type Issuer = {
  readonly url: string;
  /** New accounts, or these. */
  buyers(count: number, userIds?: readonly string[]): Promise<Buyer[]>;
  /** Signs an offer as catalog would, for a booking that has this issuer in its place. */
  signOffer(offer: Offer): Promise<string>;
  organizer(): Promise<Buyer>;
  stop(): Promise<void>;
};

export async function startIssuer(): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const kid = newId();
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function sign(roles: readonly string[], userId: string = newId()): Promise<Buyer> {
    const token = await new SignJWT({ roles })
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setSubject(userId)
      .setIssuer(TOKEN_ISSUER)
      .setAudience(TOKEN_AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('12h')
      .sign(privateKey);
    return { userId, token };
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    buyers: (count, userIds) =>
      Promise.all(Array.from({ length: count }, (_, at) => sign(['user'], userIds?.[at]))),
    signOffer: (offer) =>
      new SignJWT({ ...offer })
        .setProtectedHeader({ alg: 'EdDSA', kid })
        .setSubject(offer.userId)
        .setIssuer(OFFER_ISSUER)
        .setAudience(OFFER_AUDIENCE)
        .setJti(offer.holdId)
        .sign(privateKey),
    organizer: () => sign(['user', 'organizer']),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
