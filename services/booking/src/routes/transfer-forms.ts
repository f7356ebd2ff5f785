import { id, instant, seatId } from '@holdfast/shared/contracts/fields.ts';
import Joi from 'joi';
import { TRANSFER_STATUSES, type Transfer } from '../transfers/transfer.ts';
import { exampleOccasion, exampleSeat, exampleTicketId, occasionFields } from './presenters.ts';

/** A transfer as its sender and its recipient see it. */
export function presentTransfer(transfer: Transfer) {
  return {
    transferId: transfer.id,
    bookingId: transfer.bookingId,
    eventId: transfer.eventId,
    eventName: transfer.eventName,
    venueName: transfer.venueName,
    startsAt: transfer.startsAt.toISOString(),
    timeZone: transfer.timeZone,
    status: transfer.status,
    fromName: transfer.fromName,
    to: transfer.toEmail,
    note: transfer.note,
    tickets: transfer.tickets.map(({ ticketId, seatId, label }) => ({ ticketId, seatId, label })),
    expiresAt: transfer.expiresAt.toISOString(),
    createdAt: transfer.createdAt.toISOString(),
    changedAt: transfer.changedAt.toISOString(),
  };
}

const text = () => Joi.string().allow('').required();

const transferSchema = Joi.object({
  transferId: id().required(),
  bookingId: id().required(),
  ...occasionFields,
  status: Joi.string()
    .valid(...TRANSFER_STATUSES)
    .required(),
  fromName: text().allow(null).description('Who offers the tickets'),
  to: text().description('The mail address that they are offered to'),
  note: text().allow(null),
  tickets: Joi.array()
    .items(Joi.object({ ticketId: id().required(), seatId: seatId().required(), label: text() }))
    .required(),
  expiresAt: instant().required(),
  createdAt: instant().required(),
  changedAt: instant().required(),
});

const example = {
  transferId: '0198c9d7-3333-7000-8000-000000000001',
  ...exampleOccasion,
  status: 'offered',
  fromName: 'Mara Lindqvist',
  to: 'jonas.berg@example.org',
  note: 'I can not come after all; enjoy it',
  tickets: [{ ticketId: exampleTicketId, seatId: exampleSeat.seatId, label: exampleSeat.label }],
  expiresAt: '2027-03-13T19:30:00.000Z',
  createdAt: '2027-03-10T19:30:00.000Z',
  changedAt: '2027-03-10T19:30:00.000Z',
};
export const exampleCode = 'm1fJw3Q0y8p5v7uX2c9b4n6z1a0s3d5f7g8h9j0k2lQ';

export const acceptCode = () =>
  Joi.string()
    .pattern(/^[\w-]{43}$/, 'code')
    .required()
    .description('The secret that accepts the transfer; told here once')
    .example(exampleCode);

/** The forms of the answers, each with an example that a test holds against it. */
export const transferAnswer = {
  schema: Joi.object({ transfer: transferSchema.required() }),
  example: { transfer: example },
};
export const offeredAnswer = {
  schema: Joi.object({ transfer: transferSchema.required(), acceptCode: acceptCode() }),
  example: { transfer: example, acceptCode: exampleCode },
};
export const codeAnswer = {
  schema: Joi.object({ acceptCode: acceptCode() }),
  example: { acceptCode: exampleCode },
};
export const transfersAnswer = {
  schema: Joi.object({
    transfers: Joi.array().items(transferSchema).required(),
    next: id().allow(null).required(),
  }),
  example: { transfers: [example], next: null },
};
