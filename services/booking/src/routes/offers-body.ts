import type { Offer } from '@holdfast/shared/contracts/offer.ts';
import { isRefusal, type Refusal } from '@holdfast/shared/errors.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import Joi from 'joi';
import type { VerifyOffer } from '../offer.ts';
import { type JointOffer, joinOffers } from '../offers.ts';

const LONGEST_OFFER = 48 * 1024;
const MOST_OFFERS = 5;

/** One of the two. */
export type OffersBody = { offer?: string; offers?: string[] };
const offerToken = () => Joi.string().max(LONGEST_OFFER);
export const EXAMPLE_OFFER = 'eyJhbGciOiJFZERTQSIsImtpZCI6I.eyJob2xk.c2ln';
export const offerMembers = {
  offer: offerToken().description('The offer of the hold'),
  offers: Joi.array()
    .items(offerToken())
    .min(1)
    .max(MOST_OFFERS)
    .unique()
    .description('Those of several holds of one event, booked together or not at all'),
};

/** The offers of a request as one, each verified. */
export async function readOffers(
  verifyOffer: VerifyOffer,
  { offer, offers }: OffersBody,
  userId: string,
): Promise<JointOffer | Refusal> {
  const tokens = offers ?? (offer === undefined ? [] : [offer]);
  const read: Offer[] = [];
  for (const token of tokens) {
    const one = await verifyOffer(token, userId);
    if (isRefusal(one)) return one;
    read.push(one);
  }
  return joinOffers(read);
}

/** What a repeat is known by where the client names no key: its holds. */
export function usualKey({ holds, holdId }: JointOffer): string {
  return holds.length === 1 ? holdId : derivedId('holds', ...holds.map((one) => one.holdId));
}
