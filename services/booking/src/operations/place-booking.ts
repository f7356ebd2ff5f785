import type { Offer } from '@holdfast/shared/contracts/offer.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { fingerprint, newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { type AuditEntry, recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import { announce, type Booking, pinIdOf } from '../booking.ts';
import { claimHold, findBooking, insertBooking } from '../stores/bookings.ts';
import { isEventCancelled } from '../stores/events.ts';
import { findKeyUse, keepKeyUse, tryLockKey } from '../stores/idempotency-keys.ts';
import { insertPayment } from '../stores/payments.ts';
import { requestCall } from '../stores/provider-calls.ts';
import { isQuotaViolation, takeQuota } from '../stores/quotas.ts';
import type { CheckoutDeps } from './advance-checkout.ts';

export type PlaceBooking = {
  /** Verified: signed by catalog, and the caller's own. */
  readonly offer: Offer;
  readonly paymentMethod: string;
  /** The client's Idempotency-Key, or the hold. */
  readonly key: string;
  readonly origin: Origin;
};

export type PlacedBooking = {
  readonly kind: 'placed';
  readonly booking: Booking;
  /** Whether this is the answer to an earlier request under the same key. */
  readonly repeated: boolean;
};

/** Carries a refusal out of a transaction, so that nothing of it stays. */
class RolledBack extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

/**
 * Begins a checkout: snapshots the offer and asks for the authorization, in one transaction. The
 * same key and request get the first answer again (invariant 15); a refusal leaves no trace.
 */
export async function placeBooking(
  deps: CheckoutDeps,
  command: PlaceBooking,
): Promise<PlacedBooking | Refusal> {
  let placed: PlacedBooking;
  try {
    placed = await deps.db.transaction(async (tx) => {
      const result = await placeOnce(tx, command);
      if (isRefusal(result)) throw new RolledBack(result);
      return result;
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.refusal;
    if (isQuotaViolation(error)) {
      return refused(
        'quota_exceeded',
        `One account may book ${command.offer.maxPerUser} seats of this event; release some or book fewer.`,
      );
    }
    throw error;
  }
  if (!placed.repeated) deps.onChanged(placed.booking, { asksProvider: true });
  return placed;
}

async function placeOnce(
  tx: Transaction,
  { offer, paymentMethod, key, origin }: PlaceBooking,
): Promise<PlacedBooking | Refusal> {
  const { userId, eventId } = offer;
  const asked = fingerprint({ holdId: offer.holdId, seats: offer.seats, paymentMethod });
  const earlier = await findEarlier(tx, { userId, key, asked });
  if (earlier !== undefined) return earlier;
  const bookingId = newId();
  // Asked together; a refusal takes back what the others wrote.
  const [isGood, isClaimed, isCancelled, booking] = await Promise.all([
    isStillGood(tx, offer),
    claimHold(tx, offer.holdId, bookingId),
    isEventCancelled(tx, eventId),
    insertBooking(tx, snapshot(bookingId, offer)),
    keepKeyUse(tx, userId, key, { fingerprint: asked, bookingId }),
  ]);
  if (!isGood) {
    return refused('offer_expired', 'The hold of this offer has run out: hold the seats again.');
  }
  if (!isClaimed) {
    return refused('hold_already_booked', 'This hold has a booking that has not failed.');
  }
  if (isCancelled) return refused('event_cancelled', `${offer.eventName} will not take place.`);
  const placed = announce(booking, origin);
  await Promise.all([
    takeQuota(tx, { userId, eventId, seats: offer.seats.length }, offer.maxPerUser),
    requestAuthorization(tx, booking, paymentMethod, origin),
    placed && enqueue(tx, placed),
  ]);
  return { kind: 'placed', booking, repeated: false };
}

/** What an earlier request under the key was answered; undefined for a new key. */
async function findEarlier(
  tx: Transaction,
  request: { userId: string; key: string; asked: string },
): Promise<PlacedBooking | Refusal | undefined> {
  const { userId, key, asked } = request;
  if (!(await tryLockKey(tx, userId, key))) {
    return refused(
      'request_in_flight',
      'A request with this Idempotency-Key is being worked on: ask again in a moment.',
    );
  }
  const use = await findKeyUse(tx, userId, key);
  if (use === undefined) return undefined;
  if (use.fingerprint !== asked) {
    return refused(
      'idempotency_key_reused',
      'This Idempotency-Key was used for another hold or card: send a new key.',
    );
  }
  const booking = await findBooking(tx, use.bookingId);
  return booking && { kind: 'placed', booking, repeated: true };
}

async function isStillGood(tx: Transaction, offer: Offer): Promise<boolean> {
  const { rows } = await tx.execute<{ good: boolean }>(
    sql`select ${offer.expiresAt}::timestamptz > now() as good`,
  );
  return rows[0]?.good === true;
}

function snapshot(id: string, offer: Offer): Parameters<typeof insertBooking>[1] {
  return {
    id,
    holdId: offer.holdId,
    pinId: pinIdOf(id),
    eventId: offer.eventId,
    userId: offer.userId,
    currency: offer.currency,
    totalMinor: offer.totalMinor,
    eventName: offer.eventName,
    venueName: offer.venueName,
    startsAt: new Date(offer.startsAt),
    timeZone: offer.timeZone,
    seats: offer.seats.map(({ seatId, label, section, row, number, category, priceMinor }) => ({
      ...{ seatId, label, section, row, number, category, priceMinor },
      ticketId: null,
      ticketStatus: null,
    })),
  };
}

async function requestAuthorization(
  tx: Transaction,
  booking: Booking,
  method: string,
  origin: Origin,
): Promise<void> {
  const { id: bookingId, totalMinor: amountMinor, currency } = booking;
  const paymentId = newId();
  const money = { amountMinor, currency, origin };
  const entries: AuditEntry[] = [
    {
      aggregateType: 'booking',
      aggregateId: bookingId,
      action: 'booking.placed',
      newStatus: 'pending',
      metadata: {
        holdId: booking.holdId,
        eventId: booking.eventId,
        seats: booking.seats.map(({ seatId }) => seatId),
      },
      ...money,
    },
    {
      aggregateType: 'payment',
      aggregateId: paymentId,
      action: 'payment.requested',
      newStatus: 'requested',
      metadata: { bookingId },
      ...money,
    },
  ];
  // The payment first: the call refers to it.
  await Promise.all([
    insertPayment(tx, { id: paymentId, bookingId, amountMinor, currency, method }),
    requestCall(tx, { kind: 'authorize', bookingId, paymentId, origin }),
    recordAudit(tx, ...entries),
  ]);
}
