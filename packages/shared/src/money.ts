/**
 * Decimals of currencies whose minor unit is not a hundredth (ISO 4217, list one). The list is
 * written out: what Intl.NumberFormat says is how amounts are usually shown, which differs.
 */
const DECIMALS: Readonly<Record<string, number>> = {
  ...decimals(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...decimals(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...decimals(4, 'CLF UYW'),
};

function decimals(places: number, codes: string): Record<string, number> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, places]));
}

export function decimalsOf(currency: string): number {
  return DECIMALS[currency] ?? 2;
}

/** An amount in minor units as text that means the same everywhere, such as `48.00 EUR`. */
export function formatMoney(amountMinor: number, currency: string): string {
  const places = decimalsOf(currency);
  const digits = String(Math.abs(amountMinor)).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const sign = amountMinor < 0 ? '-' : '';
  return `${sign}${whole}${places === 0 ? '' : `.${digits.slice(-places)}`} ${currency}`;
}

/**
 * How often the provider's unit is in our minor unit, where it is not the same. Stripe counts kronur
 * and shillings in hundredths that must be zero, and ariary whole:
 * https://docs.stripe.com/currencies#special-cases.
 */
const PROVIDER_UNITS: Readonly<Record<string, number>> = { ISK: 100, UGX: 100, MGA: 0.01 };

/** An amount in minor units as the payment provider counts it. */
export function providerAmountOf(amountMinor: number, currency: string): number {
  return Math.round(amountMinor * (PROVIDER_UNITS[currency] ?? 1));
}

/** An amount as the payment provider counts it in minor units. */
export function minorOfProvider(amount: number, currency: string): number {
  return Math.round(amount / (PROVIDER_UNITS[currency] ?? 1));
}

/**
 * The step that amounts to be charged go in, in minor units: the provider takes three-decimal
 * currencies with a last digit of 0, and no parts of an ariary.
 */
export function chargeStepOf(currency: string): number {
  if (currency === 'MGA') return 100;
  return decimalsOf(currency) === 3 ? 10 : 1;
}

/**
 * The nearest step to `amountMinor * numerator / denominator`, halves away from zero as ISO 80000-1
 * rule B has it for amounts that are never negative. Exact: no fraction is ever a float.
 */
export function shareOf(
  amountMinor: number,
  numerator: number,
  denominator: number,
  step = 1,
): number {
  const whole = BigInt(amountMinor) * BigInt(numerator);
  const part = BigInt(denominator) * BigInt(step);
  return Number((2n * whole + part) / (2n * part)) * step;
}
