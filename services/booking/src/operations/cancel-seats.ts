import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { formatMoney } from '@holdfast/shared/money.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { type Database, instantOf, type Transaction } from '@holdfast/shared/postgres/database.ts';
import {
  type Cancellation,
  type ChosenRate,
  cancellationOf,
  chooseRate,
  FREE,
  KEEPS_ALL,
} from '../after-sale/cancellation.ts';
import { type Booking, liveSeatsOf } from '../booking.ts';
import { type CheckoutPlan, decide } from '../checkout.ts';
import { findBooking, lockBookings } from '../stores/bookings.ts';
import { findCancelled } from '../stores/events.ts';
import { paymentsOf } from '../stores/payments.ts';
import { repaidOf } from '../stores/refunds.ts';
import { lockTickets, type Ticket, ticketsOf } from '../stores/tickets.ts';
import type { OnChanged } from './advance-checkout.ts';
import { carryOut, saveChanges } from './carry-out.ts';

/** What is to be repaid: as the event's terms say, all of it, or nothing. Only an admin chooses. */
export const REPAYMENTS = ['policy', 'full', 'none'] as const;
export type Repayment = (typeof REPAYMENTS)[number];

export type CancelSeats = {
  readonly bookingId: string;
  /** All live ones unless some are named. */
  readonly seatIds: readonly string[] | undefined;
  readonly repay: Repayment;
  /** An admin may cancel tickets that were used or belong to somebody else now. */
  readonly isAdmin: boolean;
};
export type WorkedOut = Cancellation & Omit<ChosenRate, 'rate'>;

/** What cancelling would repay and keep at this instant; nothing is changed. */
export async function previewCancellation(
  db: Database,
  command: CancelSeats,
): Promise<WorkedOut | Refusal> {
  return db.transaction(async (tx) => {
    const booking = await findBooking(tx, command.bookingId);
    if (booking === undefined) return noBooking(command);
    const seatIds = chooseSeats(booking, command);
    if (isRefusal(seatIds)) return seatIds;
    if (seatIds.length === 0) return refused('ticket_void', 'All of it was cancelled before.');
    const tickets = (await ticketsOf(tx, booking.id)).filter(({ seatId }) =>
      seatIds.includes(seatId),
    );
    return workOut(tx, { booking, seatIds, tickets }, command);
  });
}

/**
 * Cancels seats of a booking: their tickets end, the money that the terms leave is asked back, the
 * seats return to sale. With the last of them the booking is cancelled. The locks of the booking and of
 * its tickets decide against rivals: another cancellation, a check-in, a transfer, the event's end.
 */
export async function cancelSeats(
  deps: { db: Database; onChanged: OnChanged },
  command: CancelSeats & { reason: string; expectMinor?: number | undefined; origin: Origin },
): Promise<Booking | Refusal> {
  const result = await deps.db.transaction((tx) => cancel(tx, command));
  if ('kind' in result && result.kind === 'cancelled') {
    const hasMoved = result.booking.status === 'cancelled';
    deps.onChanged(result.booking, { hasMoved, leavesMessages: true, asksProvider: true });
    return result.booking;
  }
  return result as Booking | Refusal;
}

async function cancel(
  tx: Transaction,
  command: CancelSeats & { reason: string; expectMinor?: number | undefined; origin: Origin },
): Promise<Booking | Refusal | { kind: 'cancelled'; booking: Booking }> {
  const { bookingId, expectMinor = 0, reason } = command;
  const before = (await lockBookings(tx, [bookingId])).get(bookingId);
  if (before === undefined) return noBooking(command);
  const seatIds = chooseSeats(before, command);
  if (isRefusal(seatIds)) return seatIds;
  // A repeat changes nothing and answers the booking as it stands.
  if (before.status === 'cancelled' || seatIds.length === 0) return before;
  const ids = before.seats.flatMap(({ seatId, ticketId }) =>
    ticketId !== null && seatIds.includes(seatId) ? [ticketId] : [],
  );
  const tickets = [...(await lockTickets(tx, ids)).values()];
  const cancellation = await workOut(tx, { booking: before, seatIds, tickets }, command);
  if (isRefusal(cancellation)) return cancellation;
  if (cancellation.repaidMinor < expectMinor) {
    const [now, then] = [cancellation.repaidMinor, expectMinor].map((amount) =>
      formatMoney(amount, before.currency),
    );
    return refused(
      'repayment_changed',
      `${now} would be repaid now, not ${then}: look at the preview again.`,
    );
  }
  const plan: CheckoutPlan = {
    kind: 'accepted',
    status: cancellation.isWhole ? 'cancelled' : 'confirmed',
    reason,
    tickets: 'void',
    freesQuota: true,
    call: 'refund',
    journals: ['cancel'],
    announces: true,
  };
  const [now, payments] = await Promise.all([instantOf(tx), paymentsOf(tx, [bookingId])]);
  const paid = payments.get(bookingId);
  const change = carryOut(command, {
    ...{ before, plan, paid, reserved: [], repaid: [], cancellation, now },
  });
  await saveChanges(tx, [change]);
  return { kind: 'cancelled', booking: change.booking };
}

/** The live seats that are meant; none where those that are named were cancelled before. */
function chooseSeats(booking: Booking, command: CancelSeats): readonly string[] | Refusal {
  const isFree = booking.totalMinor === 0;
  const decision = decide(
    { kind: 'cancel', reason: '' },
    {
      ...booking,
      ...{ isFree, settlesItself: false, isPaid: !isFree, payment: isFree ? null : 'captured' },
    },
  );
  if (decision.kind === 'refused') return decision;
  const live = liveSeatsOf(booking);
  const { seatIds } = command;
  if (seatIds === undefined) return live;
  const stranger = seatIds.find((id) => !booking.seats.some(({ seatId }) => seatId === id));
  if (stranger !== undefined) {
    return refused('seat_not_found', `The booking has no seat ${stranger}.`);
  }
  const gone = seatIds.filter((seatId) => !live.includes(seatId));
  if (gone.length === 0 || gone.length === seatIds.length) return gone.length === 0 ? seatIds : [];
  return refused('ticket_void', `Cancelled already: ${gone.join(', ')}. Name the others only.`);
}

async function workOut(
  tx: Transaction,
  of: { booking: Booking; seatIds: readonly string[]; tickets: readonly Ticket[] },
  command: CancelSeats,
): Promise<WorkedOut | Refusal> {
  const { booking, seatIds, tickets } = of;
  const refusal = command.isAdmin ? undefined : refuseTickets(booking, tickets);
  if (refusal) return refusal;
  const [now, cancelledEvents, repaid] = await Promise.all([
    instantOf(tx),
    findCancelled(tx, [booking.eventId]),
    repaidOf(tx, [booking.id]),
  ]);
  const chosen = rateOf(command.repay, booking, {
    now,
    waived: cancelledEvents.has(booking.eventId),
  });
  if (chosen === undefined) {
    return refused(
      'cancellation_not_allowed',
      booking.terms.cancellation.length === 0
        ? `${booking.eventName} is sold without a right to cancel: ask its organizer.`
        : `Tickets for ${booking.eventName} can not be cancelled any more: ask its organizer.`,
    );
  }
  const { rate, ...terms } = chosen;
  return {
    ...cancellationOf(booking, repaid.get(booking.id) ?? [], { seatIds, rate }),
    ...terms,
  };
}

function rateOf(
  repay: Repayment,
  booking: Booking,
  at: { now: Date; waived: boolean },
): ChosenRate | undefined {
  if (repay === 'policy') return chooseRate(booking, at);
  return { rate: repay === 'full' ? FREE : KEEPS_ALL, until: null, waived: repay === 'full' };
}

/** What a buyer may not cancel: tickets that let somebody in, or belong to somebody else. */
function refuseTickets(booking: Booking, tickets: readonly Ticket[]): Refusal | undefined {
  const used = tickets.find(({ firstEnteredAt }) => firstEnteredAt !== null);
  if (used) {
    return refused(
      'ticket_used',
      `The ticket for ${used.seatId} was used: it can not be cancelled.`,
    );
  }
  const passedOn = tickets.find(({ holderId }) => holderId !== booking.userId);
  return (
    passedOn &&
    refused(
      'ticket_transferred',
      `The ticket for ${passedOn.seatId} belongs to somebody else now: cancel the other seats, or have it given back by a transfer first.`,
    )
  );
}

function noBooking({ bookingId }: CancelSeats): Refusal {
  return refused('booking_not_found', `There is no booking ${bookingId}.`);
}
