import {
  type BusSettings,
  busSettings,
  type CommonSettings,
  commonSettings,
  portSetting,
} from '@holdfast/shared/config.ts';
import Joi from 'joi';

export type AuthConfig = CommonSettings &
  BusSettings & {
    readonly POSTGRES_URL: string;
    readonly DATABASE_NAME: string;
    readonly ADMIN_EMAIL?: string;
    readonly ADMIN_PASSWORD?: string;
    readonly PASSWORD_MEMORY_KIB: number;
    readonly PASSWORD_TIME_COST: number;
    readonly PASSWORD_HASHES_AT_ONCE: number;
    readonly SESSION_DAYS: number;
    readonly SIGNING_KEY_DAYS: number;
    readonly TIER_PREMIUM_BOOKINGS: number;
    readonly TIER_VIP_BOOKINGS: number;
    readonly TIER_WINDOW_DAYS: number;
  };

export const authSettings = Joi.object<AuthConfig>({
  ...commonSettings,
  ...busSettings,
  PORT: portSetting(4001),
  POSTGRES_URL: Joi.string()
    .uri({ scheme: ['postgres', 'postgresql'] })
    .required()
    .description('Server; its role may create databases and roles'),
  DATABASE_NAME: Joi.string()
    .pattern(/^[a-z][a-z0-9_]{0,62}$/, 'lower-case name')
    .default('auth')
    .description('Database of this service; created at need'),
  ADMIN_EMAIL: Joi.string()
    .pattern(/^[^\s@]+@[^\s@]+$/, 'mail address')
    .description('First admin; created at start if no account has the address'),
  ADMIN_PASSWORD: Joi.string().min(10).max(200).description('Password of the first admin'),
  PASSWORD_MEMORY_KIB: Joi.number()
    .integer()
    .min(1_024)
    .max(1_048_576)
    .default(19_456)
    .description('Memory of one argon2id hash in KiB; below 19456 only for tests and demos'),
  PASSWORD_TIME_COST: Joi.number()
    .integer()
    .min(1)
    .max(20)
    .default(2)
    .description('Passes of one argon2id hash; below 2 only for tests and demos'),
  PASSWORD_HASHES_AT_ONCE: Joi.number()
    .integer()
    .min(1)
    .max(64)
    .default(2)
    .description('Password hashes in flight in this process; the rest waits in line'),
  SESSION_DAYS: Joi.number()
    .integer()
    .min(1)
    .max(365)
    .default(30)
    .description('Days after which a session ends and a new login is needed'),
  SIGNING_KEY_DAYS: Joi.number()
    .integer()
    .min(1)
    .max(365)
    .default(30)
    .description('Days after which the next key takes over signing'),
  TIER_PREMIUM_BOOKINGS: Joi.number()
    .integer()
    .min(1)
    .max(1_000_000)
    .default(5)
    .description('Confirmed bookings within the window that make an account premium'),
  TIER_VIP_BOOKINGS: Joi.number()
    .integer()
    .greater(Joi.ref('TIER_PREMIUM_BOOKINGS'))
    .max(1_000_000)
    .default(20)
    .description('And that make it vip; more than for premium'),
  TIER_WINDOW_DAYS: Joi.number()
    .integer()
    .min(1)
    .max(3_650)
    .default(365)
    .description('Days for which a confirmed booking counts'),
})
  .and('ADMIN_EMAIL', 'ADMIN_PASSWORD')
  .required();
