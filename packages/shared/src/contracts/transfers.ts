import Joi from 'joi';
import type { Contract } from './contract.ts';
import { id, instant, seatId, timeZone } from './fields.ts';

/**
 * Tickets on their way to another person, as they stand after the change: all that a mail about it
 * needs, but the secret code by which it is accepted. Whoever sends the mail asks booking for one.
 */
export type TransferChange = {
  transferId: string;
  bookingId: string;
  eventId: string;
  eventName: string;
  venueName: string;
  startsAt: string;
  timeZone: string;
  fromUserId: string;
  /** Null when the account is not known here yet. */
  fromName: string | null;
  toEmail: string;
  /** The account that accepted or declined. */
  toUserId?: string;
  /** What the sender writes to the recipient. */
  note?: string;
  /** With the epoch that each has now. */
  tickets: { ticketId: string; seatId: string; label: string; epoch: number }[];
  expiresAt: string;
};

const example: TransferChange = {
  transferId: '0198c9d7-3333-7000-8000-000000000001',
  bookingId: '0198c9d5-1111-7000-8000-000000000042',
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  eventName: 'Beethoven: the late quartets',
  venueName: 'Kammersaal am Fluss',
  startsAt: '2027-03-14T18:30:00.000Z',
  timeZone: 'Europe/Vienna',
  fromUserId: '0198c9d4-0000-7000-8000-0000000000aa',
  fromName: 'Mara Lindqvist',
  toEmail: 'jonas.berg@example.org',
  tickets: [
    {
      ticketId: '0198c9d6-2222-7000-8000-000000000007',
      seatId: 'STALLS-C-14',
      label: 'Stalls, row C, seat 14',
      epoch: 1,
    },
  ],
  expiresAt: '2027-03-13T19:30:00.000Z',
};
const accepted: TransferChange = {
  ...example,
  toUserId: '0198c9d4-0000-7000-8000-0000000000bb',
  tickets: example.tickets.map((ticket) => ({ ...ticket, epoch: 2 })),
};

const schema = Joi.object<TransferChange>({
  transferId: id().required(),
  bookingId: id().required(),
  eventId: id().required(),
  eventName: Joi.string().required(),
  venueName: Joi.string().allow('').required(),
  startsAt: instant().required(),
  timeZone: timeZone().required(),
  fromUserId: id().required(),
  fromName: Joi.string().allow(null).required(),
  toEmail: Joi.string().required(),
  toUserId: id(),
  note: Joi.string(),
  tickets: Joi.array()
    .items(
      Joi.object({
        ticketId: id().required(),
        seatId: seatId().required(),
        label: Joi.string().allow('').required(),
        epoch: Joi.number().integer().min(1).required(),
      }),
    )
    .min(1)
    .required(),
  expiresAt: instant().required(),
});

function transferContract(
  type: string,
  summary: string,
  golden: TransferChange,
  consumers: string[] = [],
): Contract<TransferChange> {
  return {
    type,
    topic: 'booking.tickets',
    producer: 'booking',
    consumers,
    summary,
    schema,
    example: golden,
  };
}

export const transferOffered = transferContract(
  'transfer.offered.v1',
  'Tickets are offered to another person, who may accept them until `expiresAt`',
  { ...example, note: 'I can not come after all; enjoy it' },
);
export const transferAccepted = transferContract(
  'transfer.accepted.v1',
  'Tickets belong to another person, under a new epoch; their former codes let nobody in',
  accepted,
  ['notifications'],
);
export const transferDeclined = transferContract(
  'transfer.declined.v1',
  'The person that tickets were offered to does not want them',
  { ...accepted, tickets: example.tickets },
  ['notifications'],
);
export const transferWithdrawn = transferContract(
  'transfer.withdrawn.v1',
  'The sender keeps the tickets after all',
  example,
);
export const transferExpired = transferContract(
  'transfer.expired.v1',
  'Nobody accepted the tickets in time',
  example,
  ['notifications'],
);
export const transferEnded = transferContract(
  'transfer.ended.v1',
  'An offer ended because one of its tickets became void',
  example,
);

export const TRANSFER_CONTRACTS = [
  transferOffered,
  transferAccepted,
  transferDeclined,
  transferWithdrawn,
  transferExpired,
  transferEnded,
] as const;
