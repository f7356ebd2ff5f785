import Joi from 'joi';
import type { Contract } from './contract.ts';
import { id, instant, seatId } from './fields.ts';

/** A ticket that went through a gate. */
export type TicketPassage = {
  ticketId: string;
  bookingId: string;
  eventId: string;
  seatId: string;
  /** Who may show the ticket. */
  holderId: string;
  gate: string;
  /** Counts the passages of the ticket from 1: entries are odd, exits even. */
  passage: number;
  at: string;
  /** When a scanner without a connection says it was. */
  scannedAt?: string;
};

const example: TicketPassage = {
  ticketId: '0198c9d6-2222-7000-8000-000000000007',
  bookingId: '0198c9d5-1111-7000-8000-000000000042',
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  seatId: 'STALLS-C-14',
  holderId: '0198c9d4-0000-7000-8000-0000000000aa',
  gate: 'North 2',
  passage: 1,
  at: '2027-03-14T18:02:11.000Z',
};

const schema = Joi.object<TicketPassage>({
  ticketId: id().required(),
  bookingId: id().required(),
  eventId: id().required(),
  seatId: seatId().required(),
  holderId: id().required(),
  gate: Joi.string().required(),
  passage: Joi.number().integer().min(1).required(),
  at: instant().required(),
  scannedAt: instant(),
});

function passageContract(
  type: string,
  summary: string,
  golden: TicketPassage,
): Contract<TicketPassage> {
  return {
    type,
    topic: 'booking.tickets',
    producer: 'booking',
    consumers: [],
    summary,
    schema,
    example: golden,
  };
}

export const ticketCheckedIn = passageContract(
  'ticket.checked_in.v1',
  'Somebody went in with a ticket',
  example,
);
export const ticketCheckedOut = passageContract(
  'ticket.checked_out.v1',
  'Somebody went out with a ticket, and may come in again with it',
  { ...example, passage: 2, scannedAt: '2027-03-14T18:01:40.000Z' },
);

export const TICKET_CONTRACTS = [ticketCheckedIn, ticketCheckedOut] as const;
