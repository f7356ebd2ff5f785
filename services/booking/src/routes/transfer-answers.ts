import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { answerTransfer } from '../operations/answer-transfer.ts';
import { hasCode } from '../stores/transfers.ts';
import { hashOfCode } from '../transfers/accept-code.ts';
import type { Transfer } from '../transfers/transfer.ts';
import { acceptCode, exampleCode, presentTransfer, transferAnswer } from './transfer-forms.ts';
import { type ById, byId, findParties, hidden, type Use } from './transfer-parties.ts';

/** The answers that end an offer. */
export function transferAnswerRoutes(use: Use): Route[] {
  return [accept(use), decline(use), withdraw(use)];
}

function accept(use: Use): Route {
  return route<{ params: ById; body: { code: string } }>({
    method: 'post',
    path: '/api/transfers/:transferId/accept',
    id: 'acceptTransfer',
    tag: 'transfers',
    summary: 'Takes the tickets over: they are yours from now on, and their former codes void',
    access: 'login',
    params: byId,
    body: Joi.object({ code: acceptCode() }).example({ code: exampleCode }),
    responses: { 200: { description: 'Accepted, now or before', ...transferAnswer } },
    errors: [
      'transfer_not_found',
      'transfer_not_addressee',
      'transfer_code_invalid',
      'transfer_over',
      'account_not_known',
      'ticket_used',
      'ticket_void',
      'event_cancelled',
      'event_started',
    ],
    async run({ params: { transferId }, body: { code }, actor, origin }) {
      const found = await findParties(use, transferId, actor);
      if (isRefusal(found)) return found;
      const { transfer, isAddressee, isKnown } = found;
      const knowsCode = await hasCode(use().transfers.db, transferId, hashOfCode(code));
      if (!knowsCode) {
        return isAddressee
          ? refused('transfer_code_invalid', 'The code is not of this transfer: ask its sender.')
          : hidden(transferId);
      }
      if (!isKnown) return tooNew();
      if (!isAddressee) {
        return refused(
          'transfer_not_addressee',
          'The tickets were offered to another mail address: log in with the account that has it.',
        );
      }
      return answered(use, transfer, { end: 'accepted', userId: actor.userId, origin });
    },
  });
}

function decline(use: Use): Route {
  return route<{ params: ById }>({
    method: 'post',
    path: '/api/transfers/:transferId/decline',
    id: 'declineTransfer',
    tag: 'transfers',
    summary: 'Says no to tickets that were offered to you',
    access: 'login',
    params: byId,
    responses: { 200: { description: 'Declined, now or before', ...transferAnswer } },
    errors: ['transfer_not_found', 'transfer_over', 'account_not_known'],
    async run({ params: { transferId }, actor, origin }) {
      const found = await findParties(use, transferId, actor);
      if (isRefusal(found)) return found;
      if (!found.isAddressee) return found.isKnown ? hidden(transferId) : tooNew();
      return answered(use, found.transfer, { end: 'declined', userId: actor.userId, origin });
    },
  });
}

function withdraw(use: Use): Route {
  return route<{ params: ById }>({
    method: 'post',
    path: '/api/transfers/:transferId/withdraw',
    id: 'withdrawTransfer',
    tag: 'transfers',
    summary: 'Keeps the tickets after all, while nobody has accepted them',
    access: 'login',
    params: byId,
    responses: { 200: { description: 'Withdrawn, now or before', ...transferAnswer } },
    errors: ['transfer_not_found', 'transfer_over'],
    async run({ params: { transferId }, actor, origin }) {
      const found = await findParties(use, transferId, actor);
      if (isRefusal(found)) return found;
      if (!found.isSender && !actor.roles.includes('admin')) return hidden(transferId);
      return answered(use, found.transfer, { end: 'withdrawn', userId: actor.userId, origin });
    },
  });
}

async function answered(
  use: Use,
  { id: transferId, bookingId }: Transfer,
  answer: Pick<Parameters<typeof answerTransfer>[1], 'end' | 'userId' | 'origin'>,
) {
  const ended = await answerTransfer(use().transfers, { transferId, bookingId, ...answer });
  return isRefusal(ended) ? ended : reply(200, { transfer: presentTransfer(ended) });
}

function tooNew(): Refusal {
  return refused('account_not_known', 'This account was made just now: try again in a moment.');
}
