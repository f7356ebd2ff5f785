import type { Ignored, Refusal } from '@holdfast/shared/errors.ts';
import type { ProviderOutcome } from '../payment-provider.ts';
import type { ProviderCall } from '../stores/provider-calls.ts';
import type { RefundOutcome } from '../stripe-refunds.ts';
import type { Advance, CheckoutDeps } from './advance-checkout.ts';
import { settleRefund } from './settle-refund.ts';

export type CertainOutcome = Exclude<ProviderOutcome, { kind: 'unknown' }>;

/**
 * Draws the consequences of a call whose outcome is certain, in the transaction that marks it as
 * settled: a second settlement of the same call changes nothing (invariant 9).
 */
export async function settleOutcome(
  deps: CheckoutDeps,
  call: ProviderCall,
  outcome: CertainOutcome,
): Promise<{ kind: 'accepted' } | Ignored | Refusal> {
  if (outcome.kind === 'refunded' || outcome.kind === 'refund_failed') {
    return settleRefund(deps, call, outcome);
  }
  return deps.advance({
    bookingId: call.bookingId,
    origin: call.origin,
    providerId: 'providerId' in outcome ? outcome.providerId : undefined,
    cause: causeOf(call, outcome),
    command: commandOf(call, outcome),
  });
}

function commandOf(
  call: ProviderCall,
  outcome: Exclude<CertainOutcome, RefundOutcome>,
): Advance['command'] {
  switch (outcome.kind) {
    case 'authorized':
      return { kind: 'authorized' };
    case 'declined':
      return { kind: 'declined', reason: outcome.code };
    case 'processing':
      return { kind: 'processing' };
    case 'captured':
      return { kind: call.kind === 'void' ? 'captured_unasked' : 'captured' };
    case 'capture_refused':
      return {
        kind: 'capture_refused',
        reason: outcome.code,
        authorizationLives: outcome.authorizationLives,
      };
    case 'voided':
      return { kind: 'voided' };
  }
}

function causeOf(call: ProviderCall, outcome: CertainOutcome) {
  const failed = outcome.kind === 'declined' || outcome.kind === 'capture_refused';
  return {
    kind: 'call' as const,
    id: call.id,
    status: failed ? ('failed' as const) : ('succeeded' as const),
    response: outcome,
  };
}
