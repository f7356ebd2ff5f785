import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { chargeStepOf, formatMoney, providerAmountOf } from '@holdfast/shared/money.ts';

/**
 * The least that Stripe charges, in minor units of the currencies that it says it of; of others it
 * says so itself. https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
 */
const LEAST: Readonly<Record<string, number>> = {
  ...{ AED: 200, AUD: 50, BGN: 100, BRL: 50, CAD: 50, CHF: 50, CZK: 1_500, DKK: 250, EUR: 50 },
  ...{ GBP: 30, HKD: 400, HUF: 17_500, INR: 50, JPY: 50, MXN: 1_000, MYR: 200, NOK: 300 },
  ...{ NZD: 50, PLN: 200, RON: 200, SEK: 300, SGD: 50, THB: 1_000, USD: 50 },
};
/** Eight digits, as the provider counts. */
const MOST = 99_999_999;

/** Refuses a total that the provider would not charge, unless it is nothing, before a hold is claimed for it. */
export function refuseUnchargeable(totalMinor: number, currency: string): Refusal | undefined {
  if (totalMinor === 0) return undefined;
  const least = LEAST[currency] ?? 0;
  const step = chargeStepOf(currency);
  const total = formatMoney(totalMinor, currency);
  const extra = { totalMinor, currency };
  if (totalMinor < least) {
    const bound = formatMoney(least, currency);
    return refused(
      'amount_not_chargeable',
      `The total of ${total} is below ${bound}, the least that can be charged: add seats.`,
      { ...extra, leastMinor: least },
    );
  }
  if (totalMinor % step !== 0) {
    const unit = formatMoney(step, currency);
    return refused(
      'amount_not_chargeable',
      `The total of ${total} can not be charged: cards take ${currency} in steps of ${unit}.`,
      { ...extra, stepMinor: step },
    );
  }
  if (providerAmountOf(totalMinor, currency) > MOST) {
    return refused(
      'amount_not_chargeable',
      `The total of ${total} is more than can be charged at once: book fewer seats at a time.`,
      extra,
    );
  }
  return undefined;
}
