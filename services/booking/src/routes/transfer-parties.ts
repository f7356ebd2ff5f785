import { id } from '@holdfast/shared/contracts/fields.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import Joi from 'joi';
import type { TransferDeps } from '../operations/offer-transfer.ts';
import { emailOf } from '../stores/customers.ts';
import { findTransfer } from '../stores/transfers.ts';

/** What the routes work with; throws a retryable Fault while the store did not answer yet. */
export type Use = () => { transfers: TransferDeps };
export type ById = { transferId: string };
export const byId = Joi.object<ById>({ transferId: id().lowercase().required() });

/** A transfer, and what the account that asks is to it. */
export async function findParties(use: Use, transferId: string, { userId }: Actor) {
  const { db } = use().transfers;
  const transfer = await findTransfer(db, transferId);
  if (transfer === undefined) return hidden(transferId);
  const isSender = transfer.fromUserId === userId;
  const email = isSender ? undefined : await emailOf(db, userId);
  const isKnown = isSender || email !== undefined;
  return { transfer, isSender, isKnown, isAddressee: email === transfer.toEmail };
}

/** To anybody but its parties it is not there. */
export function hidden(transferId: string): Refusal {
  return refused('transfer_not_found', `There is no transfer ${transferId} of this account.`);
}
