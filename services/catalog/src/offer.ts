import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { OFFER_AUDIENCE, OFFER_ISSUER, type Offer } from '@holdfast/shared/contracts/offer.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { JWK } from 'jose';
import type { Hold } from './hold.ts';
import type { Keys } from './stores/keys.ts';

/** Signs offers by the one key of this catalog and publishes its public half. */
export type Signer = {
  sign(offer: Offer): Promise<string>;
  /** The JSON Web Key Set that booking verifies offers by. */
  jwks(): Promise<{ keys: JWK[] }>;
};

type SigningKeyPair = { header: string; key: KeyObject; publicJwk: JWK };

const ALGORITHM = 'EdDSA';

export function createSigner(keys: Keys): Signer {
  let loaded: Promise<SigningKeyPair> | undefined;

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
      const { header, key } = await load();
      const registered = {
        iss: OFFER_ISSUER,
        aud: OFFER_AUDIENCE,
        sub: offer.userId,
        jti: offer.holdId,
      };
      const text = `${header}.${encode({ ...offer, ...registered })}`;
      // At once: handing 40 µs of work to another thread costs as much again.
      return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
    },
    async jwks() {
      const { publicJwk } = await load();
      return { keys: [publicJwk] };
    },
  };
}

/** JSON as a JSON Web Signature carries it (RFC 7515). */
function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function loadKey(keys: Keys): Promise<SigningKeyPair> {
  if ((await keys.find()) === null) {
    const { privateKey } = generateKeyPairSync('ed25519');
    await keys.insertFirst({
      kid: newId(),
      privateJwk: { ...privateKey.export({ format: 'jwk' }) },
    });
  }
  const stored = await keys.find();
  if (stored === null) throw new Error('The key that signs offers was removed while it was read');
  const { d: _secret, ...rest } = stored.privateJwk;
  return {
    header: encode({ alg: ALGORITHM, kid: stored.kid, typ: 'JWT' }),
    key: createPrivateKey({ key: stored.privateJwk, format: 'jwk' }),
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
    ...(hold.terms && { terms: hold.terms }),
    maxPerUser: hold.maxPerUser,
    expiresAt: hold.expiresAt.toISOString(),
  };
}
