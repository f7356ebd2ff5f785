import { type Refused, refuse } from './answer.ts';

const THREE_DECIMALS = new Set(['bhd', 'jod', 'kwd', 'omr', 'tnd']);
/** Counted in hundredths that must be zero. */
const WHOLE_ONLY = new Set(['isk', 'ugx']);
/** Some of the least amounts; the others are the worth of 0.50 USD, which no sandbox knows. */
const LEAST: Readonly<Record<string, number>> = {
  aud: 50,
  chf: 50,
  eur: 50,
  gbp: 30,
  jpy: 50,
  usd: 50,
};

/** What is wrong with an amount in its currency. https://docs.stripe.com/currencies */
export function refuseAmount(amount: number, currency: string): Refused | undefined {
  const param = 'amount';
  if (amount < (LEAST[currency] ?? 1)) {
    return refuse(
      `Amount must be at least ${LEAST[currency]} ${currency}: the charge is below the minimum.`,
      { code: 'amount_too_small', param },
    );
  }
  return refuseParts(amount, currency);
}

/** The same without a least, as for a refund. */
export function refuseParts(amount: number, currency: string): Refused | undefined {
  if (WHOLE_ONLY.has(currency) && amount % 100 !== 0) {
    return refuse(`Invalid amount. ${currency.toUpperCase()} amounts must be divisible by 100.`, {
      code: 'invalid_charge_amount_no_decimal_compatible',
      param: 'amount',
    });
  }
  if (THREE_DECIMALS.has(currency) && amount % 10 !== 0) {
    return refuse(`Invalid amount. ${currency.toUpperCase()} amounts must end in 0.`, {
      code: 'parameter_invalid_integer',
      param: 'amount',
    });
  }
  return undefined;
}
