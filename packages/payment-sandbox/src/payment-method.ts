import { type Refused, refuse } from './answer.ts';
import { findCard, findPaymentMethod, type PaymentMethod } from './test-cards.ts';

/** How a request names what it pays with. */
export type MethodParameters = {
  payment_method?: string;
  payment_method_data?: { type: string; card?: { number: string } };
};

/** The payment method that a request names; undefined if it names none. */
export function readMethod(
  parameters: MethodParameters,
): { kind: 'found'; method: PaymentMethod } | Refused | undefined {
  const { payment_method: name, payment_method_data: inline } = parameters;
  if (name !== undefined) {
    const method = findPaymentMethod(name);
    return method === undefined
      ? refuse(`No such PaymentMethod: '${name}'; the sandbox knows Stripe's test cards only.`, {
          code: 'resource_missing',
          param: 'payment_method',
        })
      : { kind: 'found', method };
  }
  if (inline === undefined) return undefined;
  const method =
    inline.type === 'card'
      ? findCard(inline.card?.number ?? '')
      : findPaymentMethod('pm_usBankAccount_success');
  return method === undefined
    ? {
        kind: 'refused',
        status: 402,
        error: {
          type: 'card_error',
          code: 'incorrect_number',
          message: 'Your card number is incorrect; the sandbox knows only the test numbers.',
          param: 'payment_method_data[card][number]',
        },
      }
    : { kind: 'found', method };
}
