import { type CommonSettings, commonSettings, portSetting } from '@holdfast/shared/config.ts';
import Joi from 'joi';

export type SandboxConfig = CommonSettings & {
  readonly DATA_DIR: string;
  readonly SECRET_KEY: string;
  readonly WEBHOOK_URL?: string;
  readonly WEBHOOK_SECRET?: string;
  readonly SETTLE_AFTER_MS: number;
};

export const sandboxSettings = Joi.object<SandboxConfig>({
  ...commonSettings,
  PORT: portSetting(4010),
  DATA_DIR: Joi.string().required().description('Folder of the database; created at need'),
  SECRET_KEY: Joi.string()
    .min(8)
    .pattern(/^[\x21-\x7e]+$/, 'printable text without spaces')
    .pattern(/^(sk|rk)_live_/, { invert: true, name: 'live key' })
    .required()
    .description('Key that clients send; never a live one of Stripe'),
  WEBHOOK_URL: Joi.string()
    .uri({ scheme: ['http', 'https'] })
    .description('Where events are posted; none are sent without it'),
  WEBHOOK_SECRET: Joi.string()
    .min(8)
    .description('Secret that signs events, as the receiver has it'),
  SETTLE_AFTER_MS: Joi.number()
    .integer()
    .min(0)
    .default(2_000)
    .description('How long a payment that settles by itself stays in processing'),
})
  .with('WEBHOOK_URL', 'WEBHOOK_SECRET')
  .required();
