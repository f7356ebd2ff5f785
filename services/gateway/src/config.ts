import {
  type BusSettings,
  busSettings,
  type CommonSettings,
  commonSettings,
  portSetting,
} from '@holdfast/shared/config.ts';
import Joi from 'joi';

export type GatewayConfig = CommonSettings &
  BusSettings & {
    readonly AUTH_URL: string;
    readonly CATALOG_URL: string;
    readonly BOOKING_URL: string;
    readonly UPSTREAM_CONNECT_MS: number;
    readonly UPSTREAM_IDLE_MS: number;
    readonly REDIS_URL: string;
    readonly TRUSTED_PROXIES: number;
    readonly LIVE_ROUND_MS: number;
    readonly LIVE_POLLING_MS: number;
    readonly LIVE_BEAT_MS: number;
    readonly LIVE_TICKET_SECONDS: number;
    readonly LIVE_CONNECTIONS: number;
    readonly LIVE_CONNECTIONS_PER_USER: number;
    readonly LIVE_CONNECTIONS_PER_ADDRESS: number;
    readonly LIVE_EVENTS_PER_CONNECTION: number;
    readonly LIVE_UNSENT_BYTES: number;
    readonly LIVE_ORIGINS: readonly string[];
  };

const upstreamUrl = (service: string) =>
  Joi.string()
    .uri({ scheme: ['http', 'https'] })
    .required()
    .description(`Where ${service} listens`);

const count = (least: number, usual: number, description: string) =>
  Joi.number().integer().min(least).default(usual).description(description);

export const gatewaySettings = Joi.object<GatewayConfig>({
  ...commonSettings,
  ...busSettings,
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
  REDIS_URL: Joi.string()
    .required()
    .description('Where catalog writes changes of seats; live maps are stale without it'),
  TRUSTED_PROXIES: count(
    0,
    0,
    'Proxies in front whose word in X-Forwarded-For tells where a client is',
  ),
  LIVE_ROUND_MS: count(10, 100, 'Between two messages to a live connection at least'),
  LIVE_POLLING_MS: count(100, 2_000, 'Between two looks at catalog’s maps while Redis is away'),
  LIVE_BEAT_MS: count(100, 25_000, 'Between two pings; who misses one is cut off'),
  LIVE_TICKET_SECONDS: count(1, 30, 'How long a ticket for a socket is good'),
  LIVE_CONNECTIONS: count(1, 20_000, 'Live connections of this process'),
  LIVE_CONNECTIONS_PER_USER: count(1, 10, 'Live connections of a user; the oldest makes room'),
  LIVE_CONNECTIONS_PER_ADDRESS: count(1, 100, 'Live connections of an address without a login'),
  LIVE_EVENTS_PER_CONNECTION: count(1, 8, 'Events that a live connection may follow'),
  LIVE_UNSENT_BYTES: count(
    1_024,
    65_536,
    'Unsent bytes above which a live connection gets no changes until it took them',
  ),
  LIVE_ORIGINS: Joi.string()
    .allow('')
    .default('')
    .custom((text: string) =>
      text
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    )
    .description('Origins of pages that may open sockets, comma separated; empty lets all'),
}).required();
