import { expect } from 'chai';
import fc from 'fast-check';
import {
  cancelIntent,
  captureIntent,
  confirmIntent,
  type Decision,
  openIntent,
} from './payment-intent.ts';
import { refundCharge } from './refund.ts';
import type { Charge, PaymentIntent } from './stripe-objects.ts';
import { findPaymentMethod } from './test-cards.ts';

const AT = 1_800_000_000;
const AMOUNT = 1_000;

type Step =
  | { do: 'confirm'; card: string }
  | { do: 'capture'; amount: number | undefined }
  | { do: 'cancel' }
  | { do: 'refund'; amount: number | undefined };

const amount = fc.option(fc.integer({ min: 1, max: 1_500 }), { nil: undefined });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('confirm' as const),
    card: fc.constantFrom('pm_card_visa', 'pm_card_chargeDeclined'),
  }),
  fc.record({ do: fc.constant('capture' as const), amount }),
  fc.record({ do: fc.constant('cancel' as const) }),
  fc.record({ do: fc.constant('refund' as const), amount }),
);

function open(captureMethod: 'manual' | 'automatic'): PaymentIntent {
  return openIntent(
    { intent: 'pi_1', secret: 'secret_1' },
    {
      amount: AMOUNT,
      currency: 'eur',
      captureMethod,
      customer: null,
      description: null,
      metadata: {},
      paymentMethod: undefined,
      receiptEmail: null,
    },
    AT,
  );
}

describe('payment intent', () => {
  it('takes money once at most, gives back no more than it took, and stays in its end', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('manual' as const, 'automatic' as const),
        fc.array(step, { maxLength: 12 }),
        (captureMethod, steps) => {
          let intent = open(captureMethod);
          let charge: Charge | undefined;
          let captured = 0;
          let refunded = 0;
          for (const [at, command] of steps.entries()) {
            if (command.do === 'refund') {
              const wanted = {
                amount: command.amount,
                metadata: {},
                reason: null,
                takesTime: false,
              };
              const ids = { refund: `re_${at}`, balanceTransaction: `txn_${at}` };
              const decision = refundCharge(ids, intent, charge, wanted, AT);
              if (decision.kind === 'refused') continue;
              charge = decision.charge;
              refunded += decision.refund.amount;
              continue;
            }
            const { change } = decideStep(intent, charge, command, at);
            if (change === undefined) continue;
            expect(intent.status).not.to.be.oneOf(['succeeded', 'canceled']);
            if (change.charge?.captured) captured += change.charge.amount_captured;
            intent = change.intent;
            charge = change.charge ?? charge;
          }
          expect(captured).to.equal(intent.amount_received).and.to.be.at.most(AMOUNT);
          expect(refunded).to.be.at.most(captured);
          expect(intent.amount_capturable).to.equal(
            intent.status === 'requires_capture' ? AMOUNT : 0,
          );
        },
      ),
    );
  });
});

function decideStep(
  intent: PaymentIntent,
  charge: Charge | undefined,
  command: Exclude<Step, { do: 'refund' }>,
  at: number,
): Decision {
  switch (command.do) {
    case 'confirm':
      return confirmIntent(intent, findPaymentMethod(command.card), `ch_${at}`, AT);
    case 'capture':
      return captureIntent(intent, charge, command.amount);
    case 'cancel':
      return cancelIntent(intent, null, AT);
  }
}
