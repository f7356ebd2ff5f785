import { type CommonSettings, commonSettings, portSetting } from '@holdfast/shared/config.ts';
import Joi from 'joi';

export type GatewayConfig = CommonSettings & {
  readonly AUTH_URL: string;
  readonly CATALOG_URL: string;
  readonly BOOKING_URL: string;
  readonly UPSTREAM_CONNECT_MS: number;
  readonly UPSTREAM_IDLE_MS: number;
};

const upstreamUrl = (service: string) =>
  Joi.string()
    .uri({ scheme: ['http', 'https'] })
    .required()
    .description(`Where ${service} listens`);

export const gatewaySettings = Joi.object<GatewayConfig>({
  ...commonSettings,
  PORT: portSetting(4000),
  AUTH_URL: upstreamUrl('auth'),
  CATALOG_URL: upstreamUrl('catalog'),
  BOOKING_URL: upstreamUrl('booking'),
  UPSTREAM_CONNECT_MS: Joi.number()
    .integer()
    .min(50)
    .default(3_000)
    .description('How long a connection to a service may take'),
  UPSTREAM_IDLE_MS: Joi.number()
    .integer()
    .min(100)
    .default(40_000)
    .description(
      'How long a service may be silent; above the 25 s that booking may be asked to wait',
    ),
}).required();
