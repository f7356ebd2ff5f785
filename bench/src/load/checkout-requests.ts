import type { Buyer } from '../issuer.ts';
import { get, type LoadPlan, send, type WireRequest } from './plan.ts';

/** Seats that a buyer wants, and by which card they are to be paid. */
export type Purchase = {
  readonly buyer: Buyer;
  readonly eventId: string;
  readonly seatIds: readonly string[];
  readonly kind: 'paid' | 'declined' | 'repeated';
};

const CARDS = {
  paid: 'pm_card_visa',
  repeated: 'pm_card_visa',
  declined: 'pm_card_chargeDeclined',
};
const WAIT_SECONDS = 25;

/** Where the steps are taken. */
export type Counter = { readonly holds: string; readonly bookings: string };

/** Holds the seats; the signed offer is taken for the next step. */
export function holdStep({ holds }: Counter, purchase: Purchase): WireRequest {
  const { buyer, eventId, seatIds } = purchase;
  return {
    url: holds,
    text: send('POST', `/api/events/${eventId}/holds`, buyer.token, { seatIds }),
    takes: { offer: '"offer":"([^"]+)"' },
  };
}

/** Books what was offered. */
export function bookStep(
  { bookings }: Counter,
  { buyer, kind }: Purchase,
  offer = '{offer}',
): WireRequest {
  const body = { offer, paymentMethod: CARDS[kind] };
  return {
    url: bookings,
    text: send('POST', '/api/bookings', buyer.token, body),
    isFilled: true,
    takes: { bookingId: '"bookingId":"([^"]+)"' },
  };
}

/** Waits for the outcome, and tells it with the status. */
export function outcomeStep({ bookings }: Counter, { buyer }: Purchase): WireRequest {
  const path = `/api/bookings/{bookingId}?wait=${WAIT_SECONDS}`;
  const text = get(path, { authorization: `Bearer ${buyer.token}` });
  return { url: bookings, text, isFilled: true, tells: '"status":"(\\w+)"' };
}

/** A plan with a chain of requests for each purchase. */
export function purchasePlan(
  purchases: readonly Purchase[],
  stepsOf: (purchase: Purchase, at: number) => readonly WireRequest[],
): Pick<LoadPlan, 'requests' | 'chains' | 'kinds' | 'goOnAfter'> {
  const requests: WireRequest[] = [];
  const chains = purchases.map((purchase, at) =>
    stepsOf(purchase, at).map((request) => requests.push(request) - 1),
  );
  return { requests, chains, kinds: purchases.map(({ kind }) => kind), goOnAfter: [200, 201, 202] };
}
