import type { Breaker } from '@holdfast/shared/breaker.ts';
import {
  currency,
  id,
  instant,
  minor,
  seatId,
  timeZone,
} from '@holdfast/shared/contracts/fields.ts';
import { OFFER_AUDIENCE, OFFER_ISSUER, type Offer } from '@holdfast/shared/contracts/offer.ts';
import { terms } from '@holdfast/shared/contracts/terms.ts';
import { describeError, Fault, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { BulkheadRejectedError, bulkhead } from 'cockatiel';
import Joi from 'joi';
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';

/** Offers that are verified at a time and may wait for it: a bulkhead around catalog's keys. */
const MOST_AT_ONCE = 64;
const MOST_WAITING = 2_000;

const text = () => Joi.string().allow('').max(500).required();

/** What an offer carries; more may come with later versions. */
const offerSchema = Joi.object<Offer>({
  holdId: id().required(),
  userId: id().required(),
  eventId: id().required(),
  eventName: text(),
  venueName: text(),
  startsAt: instant().required(),
  timeZone: timeZone().required(),
  seats: Joi.array()
    .items(
      Joi.object({
        seatId: seatId().required(),
        label: text(),
        section: text(),
        row: text(),
        number: text(),
        category: Joi.string().max(500).required(),
        ticketType: Joi.object({ id: text(), name: text() }),
        priceMinor: minor().required(),
      }).unknown(),
    )
    .unique('seatId')
    .min(1)
    .required(),
  currency: currency().required(),
  totalMinor: minor().required(),
  terms: terms(),
  maxPerUser: Joi.number().integer().min(1).required(),
  expiresAt: instant().required(),
}).unknown();

/**
 * Verifies signed offers by catalog's published keys. Whether an offer is still good is for the
 * database's clock to say. Throws a retryable Fault when the keys can not be had.
 */
export function createOfferVerifier(jwksUrl: string, breaker: Breaker) {
  // One look at a time, whoever waits for it; none while catalog does not answer.
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: 3_000,
    cooldownDuration: 1_000,
    [customFetch]: (url, options) =>
      breaker.run(async () => {
        const response = await fetch(url, options);
        if (response.status >= 500) throw new Error(`${url} answered ${response.status}`);
        return response;
      }),
  });
  const verifying = bulkhead(MOST_AT_ONCE, MOST_WAITING);

  return async function verifyOffer(token: string, userId: string): Promise<Offer | Refusal> {
    const payload = await verifying.execute(() => readSigned(token, keys)).catch(refuseCrowd);
    if (payload === undefined) {
      return refused('offer_invalid', 'The offer was not issued here: hold the seats again.');
    }
    const { value: offer, error } = offerSchema.validate(payload, { convert: false });
    if (error) {
      return refused('offer_invalid', `The offer can not be read: ${error.message}.`);
    }
    if (payload.sub !== offer.userId || payload.jti !== offer.holdId) {
      return refused('offer_invalid', 'The offer contradicts itself: hold the seats again.');
    }
    if (offer.userId !== userId) {
      return refused('offer_not_owner', 'The offer was made to another account.');
    }
    const sum = offer.seats.reduce((total, seat) => total + seat.priceMinor, 0);
    if (sum !== offer.totalMinor) {
      return refused('offer_invalid', 'The total of the offer is not the sum of its seats.');
    }
    return offer;
  };
}

/** More wait for catalog's keys than there are places: better an answer now than one too late. */
function refuseCrowd(error: unknown): never {
  if (!(error instanceof BulkheadRejectedError)) throw error;
  throw new Fault('catalog_unavailable', 'Too many bookings wait for the keys of catalog', {
    retryable: true,
    cause: error,
  });
}

export type VerifyOffer = ReturnType<typeof createOfferVerifier>;

async function readSigned(
  token: string,
  keys: ReturnType<typeof createRemoteJWKSet>,
): Promise<Record<string, unknown> | undefined> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['EdDSA'],
      issuer: OFFER_ISSUER,
      audience: OFFER_AUDIENCE,
      requiredClaims: ['sub', 'jti'],
    });
    return payload;
  } catch (error) {
    if (isKeysOutage(error)) {
      throw new Fault(
        'catalog_unavailable',
        `Catalog's keys can not be read: ${describeError(error)}`,
        {
          retryable: true,
          cause: error,
        },
      );
    }
    return undefined;
  }
}

/** jose tells an endpoint that answers anything but 200 by its generic error. */
function isKeysOutage(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true;
  return (
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === 'ERR_JOSE_GENERIC'
  );
}
