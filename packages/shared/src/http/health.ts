import Joi from 'joi';
import { monotonicMs } from '../clock.ts';
import { describeError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { type Route, reply, route } from './route.ts';

/**
 * What a service depends on, and how to ask whether it answers. Without a required one the
 * service is not ready; without another it is degraded and goes on.
 */
export type Dependencies = Readonly<
  Record<
    string,
    {
      ping: () => Promise<unknown>;
      required: boolean;
      /** What more there is to say of it, as the state of a circuit breaker. */
      details?: () => object;
    }
  >
>;

type DependencyHealth = {
  status: 'up' | 'down';
  required: boolean;
  latencyMs: number;
  error?: string;
  details?: object;
};
export type Health = {
  status: 'healthy' | 'degraded' | 'unavailable';
  service: string;
  version: string;
  uptimeSeconds: number;
  dependencies: Record<string, DependencyHealth>;
};

const PING_LIMIT_MS = 2_000;

export function operationsRoutes(
  options: {
    service: string;
    version: string;
    metrics: Metrics;
    dependencies: Dependencies;
    health?: () => Promise<{ status: Health['status'] }>;
  },
  document: () => Promise<object>,
): Route[] {
  const { health = () => readHealth(options) } = options;
  const text = { description: 'As it says', schema: Joi.any() };
  return [
    route({
      method: 'get',
      path: '/livez',
      id: 'live',
      tag: 'operations',
      summary: 'Whether the process runs',
      access: 'anyone',
      responses: { 200: text },
      run: async () => reply(200, { status: 'live' }),
    }),
    route({
      method: 'get',
      path: '/readyz',
      id: 'ready',
      tag: 'operations',
      summary: 'Whether it can serve: every required dependency answers',
      access: 'anyone',
      responses: { 200: text, 503: text },
      run: async () => {
        const { status } = await health();
        return reply(status === 'unavailable' ? 503 : 200, { status });
      },
    }),
    route({
      method: 'get',
      path: '/health',
      id: 'health',
      tag: 'operations',
      summary: 'Version and each dependency',
      access: 'anyone',
      responses: { 200: text, 503: text },
      run: async () => {
        const now = await health();
        return reply(now.status === 'unavailable' ? 503 : 200, now);
      },
    }),
    route({
      method: 'get',
      path: '/metrics',
      id: 'metrics',
      tag: 'operations',
      summary: 'Figures for Prometheus',
      access: 'anyone',
      responses: { 200: text },
      run: async () =>
        reply(200, await options.metrics.registry.metrics(), {
          'content-type': options.metrics.registry.contentType,
        }),
    }),
    route({
      method: 'get',
      path: '/openapi.json',
      id: 'openapi',
      tag: 'operations',
      summary: 'This description',
      access: 'anyone',
      responses: { 200: text },
      run: async () => reply(200, await document()),
    }),
  ];
}

/** Asks each dependency; what a service tells of itself at /health. */
export async function readHealth(options: {
  service: string;
  version: string;
  dependencies: Dependencies;
}): Promise<Health> {
  const entries = await Promise.all(
    Object.entries(options.dependencies).map(async ([name, { ping, required, details }]) => {
      const startedAt = monotonicMs();
      const error = await within(PING_LIMIT_MS, ping);
      const latencyMs = Math.round(monotonicMs() - startedAt);
      const found: DependencyHealth = {
        status: error === undefined ? 'up' : 'down',
        required,
        latencyMs,
        ...(error !== undefined && { error }),
        ...(details && { details: details() }),
      };
      return [name, found] as const;
    }),
  );
  const down = entries.filter(([, one]) => one.status === 'down');
  const status = down.some(([, one]) => one.required)
    ? 'unavailable'
    : down.length > 0
      ? 'degraded'
      : 'healthy';
  return {
    status,
    service: options.service,
    version: options.version,
    uptimeSeconds: Math.round(process.uptime()),
    dependencies: Object.fromEntries(entries),
  };
}

async function within(limitMs: number, ping: () => Promise<unknown>): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`no answer in ${limitMs} ms`), limitMs);
  try {
    return await Promise.race([
      Promise.resolve()
        .then(ping)
        .then(() => undefined),
      promise,
    ]);
  } catch (error) {
    return describeError(error);
  } finally {
    clearTimeout(timer);
  }
}
