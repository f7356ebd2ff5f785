import Joi from 'joi';
import { parse } from 'qs';
import { type Refused, refuse } from './answer.ts';

/**
 * The parameters of each request, as Stripe names them. Those that Stripe takes and
 * the sandbox has no use for are let through; any other is refused, as Stripe does.
 */
const MAX_AMOUNT = 99_999_999;

const CURRENCIES = new Set(Intl.supportedValuesOf('currency').map((code) => code.toLowerCase()));

function integer(min: number, max: number): Joi.StringSchema {
  return Joi.string().custom((text: string, joi) => {
    if (!/^-?\d{1,15}$/.test(text)) return joi.error('number.base');
    const value = Number(text);
    if (value < min) return joi.error('number.min', { limit: min });
    if (value > max) return joi.error('number.max', { limit: max });
    return value;
  });
}

const amount = integer(1, MAX_AMOUNT);
const text = Joi.string().max(1000);
const truth = Joi.string().valid('true', 'false');
const metadata = Joi.object()
  .pattern(Joi.string().max(40), Joi.string().max(500).allow(''))
  .max(50)
  .allow('');
const expand = Joi.array().items(Joi.string()).single();
const currency = Joi.string()
  .lowercase()
  .custom((code: string, joi) => (CURRENCIES.has(code) ? code : joi.error('any.only')));
const paymentMethodData = Joi.object({
  type: Joi.string().valid('card', 'us_bank_account').required(),
  card: Joi.object({ number: text.required() }).unknown(),
}).unknown();

const tolerated = (...names: readonly string[]): Joi.SchemaMap =>
  Object.fromEntries(names.map((name) => [name, Joi.any()]));

const toleratedOnPaying = tolerated(
  'error_on_requires_action',
  'mandate_data',
  'off_session',
  'payment_method_options',
  'radar_options',
  'return_url',
  'setup_future_usage',
  'shipping',
  'use_stripe_sdk',
);

const captureMethod = Joi.string().valid('automatic', 'automatic_async', 'manual');

export const createIntentParameters = Joi.object({
  ...toleratedOnPaying,
  ...tolerated(
    'automatic_payment_methods',
    'confirmation_method',
    'payment_method_types',
    'statement_descriptor',
    'statement_descriptor_suffix',
    'transfer_group',
  ),
  allowed_payment_method_types: Joi.array().items(text).single(),
  amount: amount.required(),
  currency: currency.required(),
  capture_method: captureMethod,
  confirm: truth,
  customer: text,
  description: text,
  expand,
  metadata,
  payment_method: text,
  payment_method_data: paymentMethodData,
  receipt_email: text,
});

export const confirmIntentParameters = Joi.object({
  ...toleratedOnPaying,
  ...tolerated('capture_method', 'receipt_email', 'payment_method_types'),
  expand,
  payment_method: text,
  payment_method_data: paymentMethodData,
});

export const captureIntentParameters = Joi.object({
  ...tolerated('final_capture', 'statement_descriptor', 'statement_descriptor_suffix'),
  amount_to_capture: amount,
  expand,
});

export const cancelIntentParameters = Joi.object({
  cancellation_reason: Joi.string().valid(
    'abandoned',
    'duplicate',
    'fraudulent',
    'requested_by_customer',
  ),
  expand,
});

export const refundParameters = Joi.object({
  ...tolerated('instructions_email', 'origin', 'reverse_transfer', 'refund_application_fee'),
  amount,
  charge: text,
  expand,
  metadata,
  payment_intent: text,
  reason: Joi.string().valid('duplicate', 'fraudulent', 'requested_by_customer'),
});

export const retrieveParameters = Joi.object({
  ...tolerated('client_secret'),
  expand,
});

const created = Joi.alternatives(
  integer(0, Number.MAX_SAFE_INTEGER),
  Joi.object({
    gt: integer(0, Number.MAX_SAFE_INTEGER),
    gte: integer(0, Number.MAX_SAFE_INTEGER),
    lt: integer(0, Number.MAX_SAFE_INTEGER),
    lte: integer(0, Number.MAX_SAFE_INTEGER),
  }),
);

export const listParameters = Joi.object({
  created,
  ending_before: text,
  expand,
  limit: integer(1, 100),
  starting_after: text,
});

export const listByIntentParameters = listParameters.append({
  charge: text,
  payment_intent: text,
});

export const listEventsParameters = listParameters.append({
  type: text,
});
export const listMovementsParameters = listEventsParameters.append({
  source: text,
});

/** Reads a form-encoded text with bracketed keys, as Stripe's SDKs write it. */
export function parseForm(encoded: string): object {
  return parse(encoded, { depth: 5, parameterLimit: 1000, plainObjects: true });
}

export type Checked<T> = { readonly kind: 'valid'; readonly value: T } | Refused;

/** Checks parameters; answers them converted, or Stripe's refusal of the first fault. */
export function checkParameters<T>(schema: Joi.ObjectSchema, given: object): Checked<T> {
  const { value, error } = schema.validate(given);
  const fault = error?.details[0];
  return fault === undefined ? { kind: 'valid', value: value as T } : refuseParameter(fault);
}

function refuseParameter(fault: Joi.ValidationErrorItem): Refused {
  const param = fault.path.map((part, at) => (at === 0 ? part : `[${part}]`)).join('');
  switch (fault.type) {
    case 'any.required':
      return refuse(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
    case 'object.unknown':
      return refuse(`Received unknown parameter: ${param}`, { code: 'parameter_unknown', param });
    case 'string.empty':
      return refuse(`You passed an empty string for '${param}'.`, {
        code: 'parameter_invalid_empty',
        param,
      });
    case 'number.base':
      return refuse(`Invalid integer: ${JSON.stringify(fault.context?.value)}`, {
        code: 'parameter_invalid_integer',
        param,
      });
    case 'number.min':
      return refuse(`This value must be greater than or equal to ${fault.context?.limit}.`, {
        code: 'parameter_invalid_integer',
        param,
      });
    case 'number.max':
      return refuse(`${param} must be no more than ${fault.context?.limit}.`, {
        code: 'amount_too_large',
        param,
      });
    default:
      return refuse(`Invalid ${param}: ${JSON.stringify(fault.context?.value)}`, { param });
  }
}
