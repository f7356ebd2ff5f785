/**
 * What Stripe's test cards do. Numbers and names: https://docs.stripe.com/testing
 */
export type Outcome =
  | { readonly kind: 'approved'; readonly refunds?: 'come_back' | 'take_time' }
  /** `succeeds` is null where nothing comes of it unless somebody says so. */
  | { readonly kind: 'settles_later'; readonly succeeds: boolean | null }
  | {
      readonly kind: 'declined';
      readonly code: string;
      readonly declineCode?: string;
      readonly message: string;
    };

export type PaymentMethod = {
  /** The id under which it is kept; the first of the names Stripe gives it. */
  readonly id: string;
  readonly type: 'card' | 'us_bank_account';
  readonly outcome: Outcome;
};

const approved: Outcome = { kind: 'approved' };

function declined(code: string, message: string, declineCode?: string): Outcome {
  return declineCode === undefined
    ? { kind: 'declined', code, message }
    : { kind: 'declined', code, declineCode, message };
}

function cardDeclined(declineCode: string, message = 'Your card was declined.'): Outcome {
  return declined('card_declined', message, declineCode);
}

/** Name, card number ('' where the method has none), outcome, and other names of the same method. */
type Row = readonly [name: string, number: string, outcome: Outcome, ...otherNames: string[]];

const CARDS: readonly Row[] = [
  ['pm_card_visa', '4242424242424242', approved, 'pm_card_us'],
  ['pm_card_visa_debit', '4000056655665556', approved],
  ['pm_card_mastercard', '5555555555554444', approved],
  ['pm_card_mastercard_debit', '5200828282828210', approved],
  ['pm_card_mastercard_prepaid', '5105105105105100', approved],
  ['pm_card_amex', '378282246310005', approved],
  ['pm_card_discover', '6011111111111117', approved],
  ['pm_card_diners', '3056930009020004', approved],
  ['pm_card_jcb', '3566002020360505', approved],
  ['pm_card_unionpay', '6200000000000005', approved],
  ['pm_card_gb', '4000008260000000', approved],
  ['pm_card_de', '4000002760000016', approved],
  ['pm_card_refundFail', '4000000000005126', { kind: 'approved', refunds: 'come_back' }],
  ['pm_card_pendingRefund', '4000000000007726', { kind: 'approved', refunds: 'take_time' }],
  [
    'pm_card_visa_chargeDeclined',
    '4000000000000002',
    cardDeclined('generic_decline'),
    'pm_card_chargeDeclined',
  ],
  [
    'pm_card_visa_chargeDeclinedInsufficientFunds',
    '4000000000009995',
    cardDeclined('insufficient_funds', 'Your card has insufficient funds.'),
    'pm_card_chargeDeclinedInsufficientFunds',
  ],
  [
    'pm_card_visa_chargeDeclinedLostCard',
    '4000000000009987',
    cardDeclined('lost_card'),
    'pm_card_chargeDeclinedLostCard',
  ],
  [
    'pm_card_visa_chargeDeclinedStolenCard',
    '4000000000009979',
    cardDeclined('stolen_card'),
    'pm_card_chargeDeclinedStolenCard',
  ],
  [
    'pm_card_visa_chargeDeclinedVelocityLimitExceeded',
    '4000000000006975',
    cardDeclined('card_velocity_exceeded'),
    'pm_card_chargeDeclinedVelocityLimitExceeded',
  ],
  [
    'pm_card_radarBlock',
    '4100000000000019',
    cardDeclined('fraudulent'),
    'pm_card_chargeDeclinedFraudulent',
  ],
  ['pm_card_chargeCustomerFail', '4000000000000341', cardDeclined('generic_decline')],
  [
    'pm_card_chargeDeclinedExpiredCard',
    '4000000000000069',
    declined('expired_card', 'Your card has expired.', 'expired_card'),
  ],
  [
    'pm_card_chargeDeclinedIncorrectCvc',
    '4000000000000127',
    declined('incorrect_cvc', "Your card's security code is incorrect.", 'incorrect_cvc'),
  ],
  [
    'pm_card_chargeDeclinedProcessingError',
    '4000000000000119',
    declined(
      'processing_error',
      'An error occurred while processing your card. Try again in a little bit.',
      'processing_error',
    ),
  ],
  [
    'pm_card_authenticationRequired',
    '4000002760003184',
    declined(
      'authentication_required',
      'Your card was declined. This transaction requires authentication.',
      'authentication_required',
    ),
    'pm_card_threeDSecure2Required',
  ],
];

const BANK_ACCOUNTS: readonly Row[] = [
  ['pm_usBankAccount_success', '', { kind: 'settles_later', succeeds: true }],
  ['pm_usBankAccount_insufficientFunds', '', { kind: 'settles_later', succeeds: false }],
  ['pm_usBankAccount_processing', '', { kind: 'settles_later', succeeds: null }],
];

const byName = new Map<string, PaymentMethod>();
const byNumber = new Map<string, PaymentMethod>();

function index(rows: readonly Row[], type: PaymentMethod['type']): void {
  for (const [id, number, outcome, ...otherNames] of rows) {
    const method: PaymentMethod = { id, type, outcome };
    for (const name of [id, ...otherNames]) byName.set(name, method);
    if (number !== '') byNumber.set(number, method);
  }
}
index(CARDS, 'card');
index(BANK_ACCOUNTS, 'us_bank_account');

/** The test payment method of this name, such as `pm_card_visa`. */
export function findPaymentMethod(name: string): PaymentMethod | undefined {
  return byName.get(name);
}

/** The test card of this number; spaces and dashes do not count. */
export function findCard(number: string): PaymentMethod | undefined {
  return byNumber.get(number.replaceAll(/[ -]/g, ''));
}
