import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { fingerprint, newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { type AuditEntry, recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { announce, type Booking } from '../booking.ts';
import { refuseUnchargeable } from '../chargeable.ts';
import { type JointOffer, snapshotOf } from '../offers.ts';
import { type MethodType, settlesItself } from '../payment.ts';
import { type Quote, quoteOffer } from '../quote.ts';
import { findBookings, insertBookings, type NewBooking, newlyBooked } from '../stores/bookings.ts';
import { findCancelled } from '../stores/events.ts';
import { claimHolds } from '../stores/hold-claims.ts';
import { findKeyUses, type KeyUse, keepKeyUses, tryLockKeys } from '../stores/idempotency-keys.ts';
import { insertPayments } from '../stores/payments.ts';
import { type Lease, requestCalls } from '../stores/provider-calls.ts';
import type { StepDeps } from './advance-checkout.ts';

export type PlaceBooking = {
  /** Verified: signed by catalog, the caller's own, of one event. */
  readonly offer: JointOffer;
  /** The provider's id of the buyer's card; not needed where nothing is to be paid. */
  readonly paymentMethod?: string | undefined;
  readonly paymentMethodType: MethodType;
  /** Why nothing is begun now that has to be paid. */
  readonly closed?: Refusal | undefined;
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

/** A command that is new and meets the terms, with the booking that it wants. */
type Wish = PlaceBooking & {
  readonly bookingId: string;
  readonly fingerprint: string;
  readonly price: Quote;
};

/**
 * Begins checkouts: snapshots the offers and asks for the authorizations, in one transaction. The
 * same key and request get the first answer again (invariant 15); a refusal leaves no trace. No two
 * commands may have a key, a hold, or user and event in common.
 */
export async function placeBookings(
  deps: StepDeps,
  commands: readonly PlaceBooking[],
): Promise<(PlacedBooking | Refusal)[]> {
  const outcomes = await deps.withLeases((lease) =>
    deps.db.transaction((tx) => placeAll(tx, commands, lease)),
  );
  for (const outcome of outcomes) {
    if (outcome.kind === 'placed' && !outcome.repeated) {
      deps.onChanged(outcome.booking, {
        hasMoved: true,
        leavesMessages: true,
        asksProvider: false,
      });
    }
  }
  return outcomes;
}

async function placeAll(
  tx: Transaction,
  commands: readonly PlaceBooking[],
  lease: Lease,
): Promise<(PlacedBooking | Refusal)[]> {
  const keys = commands.map(({ offer: { userId }, key }) => ({ userId, key }));
  // What was done under the keys is read when their locks are had, in the same wait.
  const [{ isMine, now }, uses, cancelledEvents] = await Promise.all([
    tryLockKeys(tx, keys),
    findKeyUses(tx, keys),
    findCancelled(
      tx,
      commands.map(({ offer }) => offer.eventId),
    ),
  ]);
  const earlier = await findBookings(
    tx,
    uses.flatMap((use) => use?.bookingId ?? []),
  );

  const checked = commands.map((command, index): PlacedBooking | Refusal | Wish => {
    const asked = askedOf(command);
    if (isMine[index] !== true) {
      return refused(
        'request_in_flight',
        'A request with this Idempotency-Key is being worked on: ask again in a moment.',
      );
    }
    const use = uses[index];
    if (use !== undefined) return replay(use, asked, earlier.get(use.bookingId));
    const { offer } = command;
    if (new Date(offer.expiresAt) <= now) {
      return refused('offer_expired', 'The hold of this offer has run out: hold the seats again.');
    }
    if (cancelledEvents.has(offer.eventId)) {
      return refused('event_cancelled', `${offer.eventName} will not take place.`);
    }
    const price = quoteOffer(offer);
    if (price.totalMinor > 0 && command.paymentMethod === undefined) {
      return refused('payment_method_required', 'Send the paymentMethod that is to be charged.');
    }
    const uncharged = refuseUnchargeable(price.totalMinor, offer.currency);
    if (uncharged) return uncharged;
    if (price.totalMinor > 0 && command.closed) return command.closed;
    return { ...command, bookingId: newId(), fingerprint: asked, price };
  });

  const wishes = checked.filter((one) => 'offer' in one);
  const claims = await claimAll(tx, wishes);
  const placed = await insertAll(
    tx,
    wishes.filter(({ bookingId }) => claims.get(bookingId) === undefined),
    { now, lease },
  );
  return checked.map((one) => {
    if (!('offer' in one)) return one;
    const refusal = claims.get(one.bookingId);
    const booking = placed.get(one.bookingId);
    if (refusal || booking === undefined) return refusal ?? refused('not_found', 'No booking.');
    return { kind: 'placed', booking, repeated: false };
  });
}

function askedOf({ offer, paymentMethod, paymentMethodType: type }: PlaceBooking): string {
  const typed = type !== 'card' && { type };
  return fingerprint({ holdId: offer.holdId, seats: offer.seats, paymentMethod, ...typed });
}

/** What an earlier request under the key was answered. */
function replay(use: KeyUse, asked: string, booking: Booking | undefined): PlacedBooking | Refusal {
  if (use.fingerprint !== asked) {
    return refused(
      'idempotency_key_reused',
      'This Idempotency-Key was used for another hold or card: send a new key.',
    );
  }
  if (booking === undefined) throw new Error(`booking ${use.bookingId} has gone`);
  return { kind: 'placed', booking, repeated: true };
}

/** Claims holds and quotas; answers the refusals, by booking. */
async function claimAll(tx: Transaction, wishes: readonly Wish[]): Promise<Map<string, Refusal>> {
  const refusals = new Map<string, Refusal>();
  if (wishes.length === 0) return refusals;
  const claims = await claimHolds(
    tx,
    wishes.map(({ bookingId, offer }) => ({
      bookingId,
      holdIds: offer.holds.map(({ holdId }) => holdId),
      userId: offer.userId,
      eventId: offer.eventId,
      seats: offer.seats.length,
      maxSeats: offer.maxPerUser,
    })),
  );
  for (const { bookingId, offer } of wishes) {
    const claim = claims.get(bookingId);
    if (claim === 'hold_already_booked') {
      refusals.set(bookingId, refused(claim, 'This hold has a booking that has not failed.'));
    }
    if (claim === 'quota_exceeded') {
      const limit = `One account may book ${offer.maxPerUser} seats of this event`;
      refusals.set(bookingId, refused(claim, `${limit}; release some or book fewer.`));
    }
  }
  return refusals;
}

/** Writes the bookings with everything that belongs to them; answers them by their ids. */
async function insertAll(
  tx: Transaction,
  wishes: readonly Wish[],
  { now, lease }: { now: Date; lease: Lease },
): Promise<Map<string, Booking>> {
  if (wishes.length === 0) return new Map();
  const drafts = wishes.map(draft);
  const bookings = new Map(drafts.map((one) => [one.id, newlyBooked(one, now)]));
  const requests = wishes.flatMap(
    ({ bookingId, origin, paymentMethod: method, paymentMethodType: methodType }) => {
      const booking = bookings.get(bookingId);
      return booking ? [{ booking, origin, method, methodType, paymentId: newId() }] : [];
    },
  );
  const paid = requests.flatMap(({ booking, paymentId, method, methodType, origin }) => {
    const { id: bookingId, totalMinor: amountMinor, currency } = booking;
    if (amountMinor === 0 || method === undefined) return [];
    const money = { id: paymentId, bookingId, amountMinor, currency, method, methodType };
    return [{ booking, payment: { ...money, providerId: null }, origin }];
  });
  // They arrive in this order: what refers to a booking or a payment finds it.
  await Promise.all([
    insertBookings(tx, drafts),
    insertPayments(
      tx,
      paid.map(({ payment }) => payment),
    ),
    requestCalls(
      tx,
      paid.flatMap(({ booking, payment, origin }) =>
        booking.status === 'pending' ? [{ kind: 'authorize', booking, payment, origin }] : [],
      ),
      lease,
    ),
    keepKeyUses(
      tx,
      wishes.map(({ offer: { userId }, key, fingerprint, bookingId }) => ({
        userId,
        key,
        fingerprint,
        bookingId,
      })),
    ),
    recordAudit(tx, ...requests.flatMap(auditOf)),
    enqueue(tx, ...requests.flatMap(messagesOf)),
  ]);
  return bookings;
}

/**
 * A booking without a price is authorized at once: there is nobody to ask. So is one whose money is
 * taken at one stroke, which must not be before its seats are pinned.
 */
function draft({ bookingId, offer, price, paymentMethodType }: Wish): NewBooking {
  const skips = price.totalMinor === 0 || settlesItself({ methodType: paymentMethodType });
  const beginning = { status: skips ? 'authorized' : 'pending', version: skips ? 2 : 1 } as const;
  return { ...snapshotOf(bookingId, offer, price), ...beginning, retakes: null };
}

/** What a booking was at first, before it was found to need no authorization. */
function firstForm(booking: Booking): Booking {
  return { ...booking, status: 'pending', version: 1 };
}

function messagesOf({ booking, origin }: { booking: Booking; origin: Origin }): Message[] {
  const forms = booking.status === 'pending' ? [booking] : [firstForm(booking), booking];
  return forms.flatMap((form) => announce(form, origin) ?? []);
}

function auditOf(request: { booking: Booking; paymentId: string; origin: Origin }): AuditEntry[] {
  const { booking, paymentId, origin } = request;
  const money = { amountMinor: booking.totalMinor, currency: booking.currency, origin };
  const about = { aggregateType: 'booking', aggregateId: booking.id };
  const { holdId, eventId } = booking;
  const placed: AuditEntry = {
    ...about,
    action: 'booking.placed',
    newStatus: 'pending',
    metadata: { holdId, eventId, seats: booking.seats.map(({ seatId }) => seatId) },
    ...money,
  };
  const isFree = booking.totalMinor === 0;
  const authorized: AuditEntry = {
    ...about,
    action: 'booking.authorized',
    oldStatus: 'pending',
    newStatus: 'authorized',
    reason: isFree ? 'nothing_to_pay' : 'charged_once_pinned',
    metadata: { holdId, eventId },
    ...money,
  };
  const entries = booking.status === 'pending' ? [placed] : [placed, authorized];
  if (isFree) return entries;
  return [
    ...entries,
    {
      aggregateType: 'payment',
      aggregateId: paymentId,
      action: 'payment.requested',
      newStatus: 'requested',
      metadata: { bookingId: booking.id },
      ...money,
    },
  ];
}
