import { type BusSettings, busSettings, commonSettings } from '@holdfast/shared/config.ts';
import Joi from 'joi';

export type NotificationsConfig = BusSettings & {
  readonly LOG_LEVEL: string;
  readonly POSTGRES_URL: string;
  readonly DATABASE_NAME: string;
};

export const notificationsSettings = Joi.object<NotificationsConfig>({
  ...busSettings,
  LOG_LEVEL: commonSettings.LOG_LEVEL.default('warn'),
  POSTGRES_URL: Joi.string()
    .uri({ scheme: ['postgres', 'postgresql'] })
    .required()
    .description('Server; its role may create databases and roles'),
  DATABASE_NAME: Joi.string()
    .pattern(/^[a-z][a-z0-9_]{0,62}$/, 'lower-case name')
    .default('notifications')
    .description('Database of this service; created at need'),
}).required();
