import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { askHealth, worstOf } from './health.ts';
import { ROUTING, type Upstream } from './routing.ts';

/** The gateway's own addresses; its /health and /readyz look at everything behind it. */
export function operationsRoutes(options: {
  version: string;
  urls: Readonly<Record<Upstream, string>>;
}): Route[] {
  const { version, urls } = options;
  const answer = { description: 'As it says', schema: Joi.any() };

  async function askAll() {
    const [auth, catalog, booking] = await Promise.all(
      [urls.auth, urls.catalog, urls.booking].map(askHealth),
    );
    return { auth, catalog, booking } as Record<Upstream, Awaited<ReturnType<typeof askHealth>>>;
  }

  return [
    route({
      method: 'get',
      path: '/',
      id: 'index',
      tag: 'operations',
      summary: 'What is here',
      access: 'anyone',
      responses: { 200: answer },
      run: async () =>
        reply(200, {
          name: 'Holdfast',
          version,
          api: ROUTING.map(([prefix, service]) => ({ prefix, service })),
          operations: ['/health', '/livez', '/readyz', '/metrics', '/openapi.json'],
        }),
    }),
    route({
      method: 'get',
      path: '/readyz',
      id: 'ready',
      tag: 'operations',
      summary: 'Whether every service behind it can serve',
      access: 'anyone',
      responses: { 200: answer, 503: answer },
      run: async () => {
        const status = worstOf(await askAll());
        return reply(status === 'unavailable' ? 503 : 200, { status });
      },
    }),
    route({
      method: 'get',
      path: '/health',
      id: 'health',
      tag: 'operations',
      summary: 'Version, and each service behind it with its dependencies',
      access: 'anyone',
      responses: { 200: answer, 503: answer },
      run: async () => {
        const services = await askAll();
        const status = worstOf(services);
        return reply(status === 'unavailable' ? 503 : 200, {
          status,
          service: 'gateway',
          version,
          uptimeSeconds: Math.round(process.uptime()),
          services,
        });
      },
    }),
  ];
}
