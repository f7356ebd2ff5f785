import { OFFER_AUDIENCE, OFFER_ISSUER, type Offer } from '@holdfast/shared/contracts/offer.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import type { Hold } from './hold.ts';
import type { Keys } from './stores/keys.ts';

/** Signs offers by the one key of this catalog and publishes its public half. */
export type Signer = {
  sign(offer: Offer): Promise<string>;
  /** The JSON Web Key Set that booking verifies offers by. */
  jwks(): Promise<{ keys: JWK[] }>;
};

const ALGORITHM = 'EdDSA';

export function createSigner(keys: Keys): Signer {
  let loaded: Promise<{ kid: string; key: CryptoKey; publicJwk: JWK }> | undefined;

  /** Loads the key once; tried anew after a failure. */
  function load() {
    loaded ??= loadKey(keys).catch((error) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  }

  return {
    async sign(offer) {
      const { kid, key } = await load();
      return new SignJWT({ ...offer })
        .setProtectedHeader({ alg: ALGORITHM, kid, typ: 'JWT' })
        .setIssuer(OFFER_ISSUER)
        .setAudience(OFFER_AUDIENCE)
        .setSubject(offer.userId)
        .setJti(offer.holdId)
        .sign(key);
    },
    async jwks() {
      const { publicJwk } = await load();
      return { keys: [publicJwk] };
    },
  };
}

async function loadKey(keys: Keys) {
  if ((await keys.find()) === null) {
    const { privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true });
    await keys.insertFirst({ kid: newId(), privateJwk: { ...(await exportJWK(privateKey)) } });
  }
  const stored = await keys.find();
  if (stored === null) throw new Error('The key that signs offers was removed while it was read');
  const key = await importJWK(stored.privateJwk, ALGORITHM);
  if (key instanceof Uint8Array) throw new Error('The key that signs offers is not a key pair');
  const { d: _secret, ...rest } = stored.privateJwk;
  return {
    kid: stored.kid,
    key,
    publicJwk: { ...rest, kid: stored.kid, alg: ALGORITHM, use: 'sig' },
  };
}

/** What a hold costs, as booking will believe it. */
export function offerOf(hold: Hold): Offer {
  return {
    holdId: hold._id,
    userId: hold.userId,
    eventId: hold.eventId,
    eventName: hold.event.name,
    venueName: hold.event.venueName,
    startsAt: hold.event.startsAt.toISOString(),
    timeZone: hold.event.timeZone,
    seats: hold.seats,
    currency: hold.currency,
    totalMinor: hold.totalMinor,
    maxPerUser: hold.maxPerUser,
    expiresAt: hold.expiresAt.toISOString(),
  };
}
