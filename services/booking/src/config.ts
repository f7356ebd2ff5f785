import {
  type BusSettings,
  busSettings,
  type CommonSettings,
  commonSettings,
  portSetting,
} from '@holdfast/shared/config.ts';
import Joi from 'joi';

export type BookingConfig = CommonSettings &
  BusSettings & {
    readonly AUTH_URL: string;
    readonly CATALOG_URL: string;
    readonly POSTGRES_URL: string;
    readonly DATABASE_NAME: string;
    readonly PAYMENT_URL: string;
    readonly PAYMENT_SECRET_KEY: string;
    readonly PAYMENT_WEBHOOK_SECRET: string;
    readonly PROVIDER_CONCURRENCY: number;
    readonly PROVIDER_BACKLOG: number;
    readonly BREAKER_FAILURES: number;
    readonly BREAKER_PAUSE_SECONDS: number;
    readonly BREAKER_SUCCESSES: number;
    readonly AUTHORIZED_LIMIT_SECONDS: number;
    readonly TRANSFER_OFFER_HOURS: number;
    readonly SWEEP_BOOKINGS_PER_SECOND: number;
    readonly FREE_CANCEL_DAYS: number;
    readonly RECONCILE_LAG_SECONDS: number;
    readonly PROCESSING_LIMIT_SECONDS: number;
    readonly RESTING_LIMIT_SECONDS: number;
  };

const url = (description: string) =>
  Joi.string()
    .uri({ scheme: ['http', 'https'] })
    .required()
    .description(description);

export const bookingSettings = Joi.object<BookingConfig>({
  ...commonSettings,
  ...busSettings,
  PORT: portSetting(4003),
  AUTH_URL: url('Where auth publishes the keys of access tokens'),
  CATALOG_URL: url('Where catalog publishes the keys of offers'),
  POSTGRES_URL: Joi.string()
    .uri({ scheme: ['postgres', 'postgresql'] })
    .required()
    .description('PostgreSQL server; the database is created at need'),
  DATABASE_NAME: Joi.string().default('booking').description('Database of this service'),
  PAYMENT_URL: url("The payment provider: Stripe's API or the payment sandbox"),
  PAYMENT_SECRET_KEY: Joi.string().required().description('Key that the provider knows us by'),
  PAYMENT_WEBHOOK_SECRET: Joi.string()
    .required()
    .description("Secret that signs the provider's webhooks"),
  PROVIDER_CONCURRENCY: Joi.number()
    .integer()
    .min(1)
    .max(1_000)
    .default(64)
    .description('Most calls to the payment provider at a time, of one process'),
  PROVIDER_BACKLOG: Joi.number()
    .integer()
    .min(1)
    .default(10_000)
    .description(
      'Calls of checkouts that may wait for the provider before paid bookings are refused with a 503',
    ),
  BREAKER_FAILURES: Joi.number()
    .integer()
    .min(1)
    .default(5)
    .description('Unanswered calls in a row after which the provider, or catalog, is left alone'),
  BREAKER_PAUSE_SECONDS: Joi.number()
    .min(0)
    .default(30)
    .description('How long it is left alone before one call is tried'),
  BREAKER_SUCCESSES: Joi.number()
    .integer()
    .min(1)
    .default(2)
    .description('Answered tries in a row after which all calls go again'),
  AUTHORIZED_LIMIT_SECONDS: Joi.number()
    .min(0)
    .default(300)
    .description('How long a booking waits for the answer to its pin before it asks again'),
  TRANSFER_OFFER_HOURS: Joi.number()
    .integer()
    .min(1)
    .max(720)
    .default(72)
    .description('How long tickets that are offered to another person may be accepted'),
  SWEEP_BOOKINGS_PER_SECOND: Joi.number()
    .integer()
    .min(1)
    .max(10_000)
    .default(200)
    .description(
      'Bookings of an event a second that are cancelled or told when it is cancelled or moved',
    ),
  FREE_CANCEL_DAYS: Joi.number()
    .integer()
    .min(0)
    .max(365)
    .default(14)
    .description('Days in which the buyers of an event that is moved may cancel free of charge'),
  RECONCILE_LAG_SECONDS: Joi.number()
    .min(0)
    .max(43_200)
    .default(600)
    .description("How long after its end a day is compared with the payment provider's report"),
  RESTING_LIMIT_SECONDS: Joi.number()
    .min(1)
    .default(300)
    .description('How long a checkout may rest in a middle state before /health calls it degraded'),
  PROCESSING_LIMIT_SECONDS: Joi.number()
    .min(1)
    .default(1_800)
    .description('How long seats are kept for a payment that settles by itself; then it is voided'),
}).required();
