import {
  type BusSettings,
  busSettings,
  type CommonSettings,
  commonSettings,
  portSetting,
  readConfig,
} from '@holdfast/shared/config.ts';
import Joi from 'joi';
import type { HoldLimits } from './operations/dependencies.ts';

export type CatalogConfig = Readonly<
  CommonSettings &
    BusSettings & {
      MONGODB_URL: string;
      MONGODB_DATABASE: string;
      REDIS_URL?: string;
      AUTH_URL: string;
      HOLD_MIN_SECONDS: number;
      HOLD_DEFAULT_SECONDS: number;
      HOLD_MAX_SECONDS: number;
      HOLD_TOTAL_MAX_SECONDS: number;
      HOLD_MAX_EXTENSIONS: number;
      HOLD_WARNING_SECONDS: number;
      HOLD_COOLDOWN_SECONDS: number;
      MAX_SEATS_PER_HOLD: number;
      MAX_SEATS_PER_USER: number;
      RESUME_AFTER_MS: number;
      ORPHAN_AFTER_MS: number;
      PIN_UNSETTLED_AFTER_MS: number;
      SWEEP_INTERVAL_MS: number;
    }
>;

const positive = (value: number, description: string) =>
  Joi.number().integer().min(1).default(value).description(description);

const schema = Joi.object<CatalogConfig>({
  ...commonSettings,
  ...busSettings,
  PORT: portSetting(4002),
  MONGODB_URL: Joi.string()
    .pattern(/^mongodb(\+srv)?:\/\//)
    .required()
    .description('MongoDB server or the stand-in, with its options'),
  MONGODB_DATABASE: Joi.string()
    .pattern(/^[\w-]{1,60}$/)
    .default('catalog')
    .description('Database of this service'),
  REDIS_URL: Joi.string().description('Cache of events and venues; speed only'),
  AUTH_URL: Joi.string().uri().required().description('Where auth publishes its keys'),
  HOLD_MIN_SECONDS: positive(30, 'Shortest hold a client may ask for'),
  HOLD_DEFAULT_SECONDS: positive(600, 'Length of a hold when the client names none'),
  HOLD_MAX_SECONDS: positive(900, 'Longest hold a client may ask for'),
  HOLD_TOTAL_MAX_SECONDS: positive(1800, 'Longest life of a hold, extensions included'),
  HOLD_MAX_EXTENSIONS: Joi.number().integer().min(0).default(2).description('Extensions of a hold'),
  HOLD_WARNING_SECONDS: positive(120, 'How long before its end a hold is told to end soon'),
  HOLD_COOLDOWN_SECONDS: Joi.number()
    .integer()
    .min(0)
    .default(60)
    .description('How long an account whose hold ran out leaves its seats to others'),
  MAX_SEATS_PER_HOLD: positive(6, 'Most seats in one hold'),
  MAX_SEATS_PER_USER: positive(12, 'Most seats of one event for one account'),
  RESUME_AFTER_MS: positive(2_000, 'Age of a middle state that the sweeper resumes'),
  ORPHAN_AFTER_MS: positive(15_000, 'Age of held seats without a hold that the sweeper frees'),
  PIN_UNSETTLED_AFTER_MS: positive(
    60_000,
    'Age of a pin at which booking is asked for its outcome',
  ),
  SWEEP_INTERVAL_MS: positive(1_000, 'Pause between rounds of the sweeper'),
});

export function readCatalogConfig(
  environment?: Readonly<Record<string, string | undefined>>,
): CatalogConfig {
  return readConfig(schema, environment);
}

/** The settings that bound holds, in the units of the operations. */
export function limitsOf(config: CatalogConfig): HoldLimits {
  return {
    minMs: config.HOLD_MIN_SECONDS * 1_000,
    defaultMs: config.HOLD_DEFAULT_SECONDS * 1_000,
    maxMs: config.HOLD_MAX_SECONDS * 1_000,
    totalMaxMs: config.HOLD_TOTAL_MAX_SECONDS * 1_000,
    maxExtensions: config.HOLD_MAX_EXTENSIONS,
    seatsPerHold: config.MAX_SEATS_PER_HOLD,
    seatsPerUser: config.MAX_SEATS_PER_USER,
    orphanAfterMs: config.ORPHAN_AFTER_MS,
  };
}
