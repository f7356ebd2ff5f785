import type { PinnedHold } from '@holdfast/shared/contracts/bookings.ts';
import type { TicketTypeName } from '@holdfast/shared/contracts/offer.ts';
import type { Terms } from '@holdfast/shared/contracts/terms.ts';
import { type SQL, sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  char,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import type { RefundStatus } from '../after-sale/refund.ts';
import type { TicketStatus } from '../booking.ts';
import type { BookingStatus, PaymentStatus } from '../checkout.ts';
import type { MethodType } from '../payment.ts';
import type { QuoteLine } from '../quote.ts';

/** The tables as migrations/ creates them; rules and defaults live there. */
const instant = (name: string) => timestamp(name, { withTimezone: true });
const minor = (name: string) => bigint(name, { mode: 'number' });

/** Whether a column has one of these ids, as one parameter: one text, and so one plan, for any number. */
export function isOneOf(column: AnyPgColumn, ids: readonly string[]): SQL {
  return sql`${column} = any(${sql.param([...ids])}::uuid[])`;
}

/** The same for a query that is built once and given `ids` as it is executed. */
export function isOneOfGiven(column: AnyPgColumn): SQL {
  return sql`${column} = any(${sql.placeholder('ids')}::uuid[])`;
}

export const bookings = pgTable('bookings', {
  id: uuid().primaryKey(),
  holdId: uuid('hold_id').notNull(),
  pinId: uuid('pin_id').notNull(),
  holds: jsonb().$type<PinnedHold[]>(),
  eventId: uuid('event_id').notNull(),
  userId: uuid('user_id').notNull(),
  status: text().$type<BookingStatus>().notNull(),
  reason: text(),
  currency: char({ length: 3 }).notNull(),
  totalMinor: minor('total_minor').notNull(),
  eventName: text('event_name').notNull(),
  venueName: text('venue_name').notNull(),
  startsAt: instant('starts_at').notNull(),
  timeZone: text('time_zone').notNull(),
  terms: jsonb().$type<Terms>(),
  charges: jsonb().$type<QuoteLine[]>().notNull(),
  version: integer().notNull().default(1),
  freeCancelUntil: instant('free_cancel_until'),
  retakes: uuid(),
  askedAt: instant('asked_at'),
  createdAt: instant('created_at').notNull().defaultNow(),
  changedAt: instant('changed_at').notNull().defaultNow(),
});

export const bookingSeats = pgTable('booking_seats', {
  bookingId: uuid('booking_id').notNull(),
  seatId: text('seat_id').notNull(),
  label: text().notNull(),
  section: text().notNull(),
  row: text().notNull(),
  number: text().notNull(),
  category: text().notNull(),
  priceMinor: minor('price_minor').notNull(),
  ticketType: jsonb('ticket_type').$type<TicketTypeName>(),
});

export const tickets = pgTable('tickets', {
  id: uuid().primaryKey(),
  bookingId: uuid('booking_id').notNull(),
  eventId: uuid('event_id').notNull(),
  seatId: text('seat_id').notNull(),
  status: text().$type<TicketStatus>().notNull(),
  epoch: integer().notNull().default(1),
  holderId: uuid('holder_id').notNull(),
  firstEnteredAt: instant('first_entered_at'),
  isInside: boolean('is_inside').notNull().default(false),
  passages: integer().notNull().default(0),
  revokedAt: instant('revoked_at'),
  version: integer().notNull().default(1),
  createdAt: instant('created_at').notNull().defaultNow(),
  changedAt: instant('changed_at').notNull().defaultNow(),
});

export const payments = pgTable('payments', {
  id: uuid().primaryKey(),
  bookingId: uuid('booking_id').notNull(),
  amountMinor: minor('amount_minor').notNull(),
  currency: char({ length: 3 }).notNull(),
  method: text().notNull(),
  methodType: text('method_type').$type<MethodType>().notNull(),
  status: text().$type<PaymentStatus>().notNull(),
  providerId: text('provider_id'),
  capturedMinor: minor('captured_minor').notNull().default(0),
  refundedMinor: minor('refunded_minor').notNull().default(0),
  refundedFeesMinor: minor('refunded_fees_minor').notNull().default(0),
  refundedTaxesMinor: minor('refunded_taxes_minor').notNull().default(0),
  keptMinor: minor('kept_minor').notNull().default(0),
  version: integer().notNull().default(1),
  createdAt: instant('created_at').notNull().defaultNow(),
  changedAt: instant('changed_at').notNull().defaultNow(),
});

export const refunds = pgTable('refunds', {
  id: uuid().primaryKey(),
  paymentId: uuid('payment_id').notNull(),
  bookingId: uuid('booking_id').notNull(),
  amountMinor: minor('amount_minor').notNull(),
  currency: char({ length: 3 }).notNull(),
  reason: text().notNull(),
  status: text().$type<RefundStatus>().notNull(),
  failure: text(),
  failures: integer().notNull(),
  askedBy: text('asked_by').notNull(),
  providerId: text('provider_id'),
  version: integer().notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  changedAt: instant('changed_at').notNull().defaultNow(),
});
