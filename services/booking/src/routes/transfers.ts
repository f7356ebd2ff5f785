import { id } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { offerTransfer, renewCode } from '../operations/offer-transfer.ts';
import { emailOf } from '../stores/customers.ts';
import { listTransfers } from '../stores/transfers.ts';
import { TRANSFER_STATUSES, type TransferStatus } from '../transfers/transfer.ts';
import { transferAnswerRoutes } from './transfer-answers.ts';
import {
  codeAnswer,
  offeredAnswer,
  presentTransfer,
  transferAnswer,
  transfersAnswer,
} from './transfer-forms.ts';
import { type ById, byId, findParties, hidden, type Use } from './transfer-parties.ts';

const MOST_TICKETS = 50;

export function transferRoutes(use: Use): Route[] {
  return [offer(use), list(use), show(use), ...transferAnswerRoutes(use), makeCode(use)];
}

function offer(use: Use): Route {
  type Body = { ticketIds: string[]; to: string; note?: string };
  return route<{ params: { bookingId: string }; body: Body }>({
    method: 'post',
    path: '/api/bookings/:bookingId/transfers',
    id: 'offerTransfer',
    tag: 'transfers',
    summary: 'Offers tickets of a booking to another person; they stay yours until accepted',
    access: 'login',
    params: Joi.object({ bookingId: id().lowercase().required() }),
    body: Joi.object({
      ticketIds: Joi.array().items(id()).min(1).max(MOST_TICKETS).unique().required(),
      to: Joi.string()
        .max(254)
        .pattern(/^\s*[^\s@]+@[^\s@]+\s*$/, 'mail address')
        .required()
        .description('Mail address of the account that may accept them')
        .example('jonas.berg@example.org'),
      note: Joi.string().min(1).max(500).description('A word to the recipient'),
    }).example({
      ticketIds: ['0198c9d5-7b1a-7c44-9d21-5f0e6a3b8c71'],
      to: 'jonas.berg@example.org',
      note: 'See you there',
    }),
    responses: {
      201: {
        description:
          'Offered. Give the code to the recipient: with it, logged in under that mail address, they accept',
        ...offeredAnswer,
      },
    },
    errors: [
      'booking_not_found',
      'ticket_not_found',
      'ticket_transferred',
      'ticket_not_live',
      'ticket_void',
      'ticket_used',
      'ticket_not_transferable',
      'event_cancelled',
      'event_started',
      'transfer_to_self',
      'transfer_open',
      'too_many_requests',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      'request_in_flight',
    ],
    async run({ params: { bookingId }, body, actor: { userId }, origin, idempotencyKey: key }) {
      const { to, note = null } = body;
      const ticketIds = [...new Set(body.ticketIds.map((ticketId) => ticketId.toLowerCase()))];
      const toEmail = to.trim().toLowerCase();
      const offered = await offerTransfer(use().transfers, {
        ...{ bookingId, ticketIds, toEmail, note, userId, key, origin },
      });
      if (isRefusal(offered)) return offered;
      return reply(
        201,
        { transfer: presentTransfer(offered.transfer), acceptCode: offered.acceptCode },
        {
          location: `/api/transfers/${offered.transfer.id}`,
          ...(offered.repeated && { 'idempotent-replayed': 'true' }),
        },
      );
    },
  });
}

function list(use: Use): Route {
  type Query = {
    role: 'sent' | 'received';
    status?: TransferStatus;
    cursor?: string;
    limit: number;
  };
  return route<{ query: Query }>({
    method: 'get',
    path: '/api/transfers',
    id: 'listTransfers',
    tag: 'transfers',
    summary: 'The transfers that this account has sent, or that were sent to its mail address',
    access: 'login',
    query: Joi.object({
      role: Joi.string().valid('sent', 'received').required(),
      status: Joi.string().valid(...TRANSFER_STATUSES),
      cursor: id().description('`next` of the page before'),
      limit: Joi.number().integer().min(1).max(100).default(20),
    }),
    responses: {
      200: {
        description: 'A page, newest first; `next` leads to the one after',
        ...transfersAnswer,
      },
    },
    async run({ query: { role, status, cursor, limit }, actor: { userId } }) {
      const { db } = use().transfers;
      const party =
        role === 'sent' ? { sentBy: userId } : { sentTo: (await emailOf(db, userId)) ?? '' };
      const found = await listTransfers(db, {
        ...party,
        limit: limit + 1,
        ...(status && { status }),
        ...(cursor && { before: cursor }),
      });
      const page = found.slice(0, limit);
      return reply(200, {
        transfers: page.map(presentTransfer),
        next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      });
    },
  });
}

function show(use: Use): Route {
  return route<{ params: ById }>({
    method: 'get',
    path: '/api/transfers/:transferId',
    id: 'getTransfer',
    tag: 'transfers',
    summary: 'A transfer, for its sender, its recipient and admins',
    access: 'login',
    params: byId,
    responses: { 200: { description: 'As it stands', ...transferAnswer } },
    errors: ['transfer_not_found'],
    async run({ params: { transferId }, actor }) {
      const found = await findParties(use, transferId, actor);
      if (isRefusal(found)) return found;
      const isParty = found.isSender || found.isAddressee || actor.roles.includes('admin');
      return isParty
        ? reply(200, { transfer: presentTransfer(found.transfer) })
        : hidden(transferId);
    },
  });
}

function makeCode(use: Use): Route {
  return route<{ params: ById }>({
    method: 'post',
    path: '/api/transfers/:transferId/code',
    id: 'makeTransferCode',
    tag: 'transfers',
    summary:
      'Another code for an open offer: for its sender, or a service that mails the recipient',
    access: 'login',
    params: byId,
    responses: { 201: { description: 'Good beside the last few before it', ...codeAnswer } },
    errors: ['transfer_not_found', 'transfer_over'],
    async run({ params: { transferId }, actor }) {
      const found = await findParties(use, transferId, actor);
      if (isRefusal(found)) return found;
      if (!found.isSender && !actor.roles.includes('service')) return hidden(transferId);
      const code = await renewCode(use().transfers, found.transfer);
      return isRefusal(code) ? code : reply(201, { acceptCode: code });
    },
  });
}
