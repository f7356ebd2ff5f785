import type { Terms } from './terms.ts';

/**
 * The signed offer: what a hold costs, said by catalog and believed by booking. A JWS
 * (EdDSA) with `iss` catalog, `aud` booking, `sub` the user and `jti` the hold. It has no
 * `exp`: booking compares `expiresAt` with its store's clock, and the pin decides in the end.
 */
export type TicketTypeName = { id: string; name: string };

export type OfferSeat = {
  seatId: string;
  label: string;
  section: string;
  row: string;
  number: string;
  category: string;
  /** Of which kind the ticket is, where the event has several. */
  ticketType?: TicketTypeName;
  priceMinor: number;
};

export type Offer = {
  holdId: string;
  userId: string;
  eventId: string;
  eventName: string;
  venueName: string;
  startsAt: string;
  timeZone: string;
  seats: OfferSeat[];
  currency: string;
  /** The sum of the seats; what the terms ask for comes on top. */
  totalMinor: number;
  /** Those of the event when the seats were held; absent where it has none. */
  terms?: Terms;
  /** Most seats of this event that one account may own. */
  maxPerUser: number;
  expiresAt: string;
};

export const OFFER_ISSUER = 'holdfast/catalog';
export const OFFER_AUDIENCE = 'holdfast/booking';
