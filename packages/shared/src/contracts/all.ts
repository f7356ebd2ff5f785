import { BLOCK_CONTRACTS } from './blocks.ts';
import { BOOKING_CONTRACTS } from './bookings.ts';
import type { Contract } from './contract.ts';
import { EVENT_CONTRACTS, VENUE_CONTRACTS } from './events.ts';
import { HOLD_CONTRACTS } from './holds.ts';
import { bookingEventChanged } from './moved-bookings.ts';
import { PAYMENT_CONTRACTS } from './payments.ts';
import { REFUND_CONTRACTS } from './refunds.ts';
import { TICKET_CONTRACTS } from './tickets.ts';
import { TRANSFER_CONTRACTS } from './transfers.ts';
import { USER_CONTRACTS } from './users.ts';

/** Every message type that Holdfast publishes. */
export const CONTRACTS = [
  ...EVENT_CONTRACTS,
  ...VENUE_CONTRACTS,
  ...HOLD_CONTRACTS,
  ...BLOCK_CONTRACTS,
  ...BOOKING_CONTRACTS,
  bookingEventChanged,
  ...PAYMENT_CONTRACTS,
  ...TICKET_CONTRACTS,
  ...REFUND_CONTRACTS,
  ...TRANSFER_CONTRACTS,
  ...USER_CONTRACTS,
] as readonly Contract<object>[];
