import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { ROUTING } from './routing.ts';

/** What is at the gateway's root: the table of its services and its own addresses. */
export function indexRoute(version: string): Route {
  return route({
    method: 'get',
    path: '/',
    id: 'index',
    tag: 'operations',
    summary: 'What is here',
    access: 'anyone',
    responses: { 200: { description: 'As it says', schema: Joi.any() } },
    run: async () =>
      reply(200, {
        name: 'Holdfast',
        version,
        api: [
          ...ROUTING.map(([prefix, service]) => ({ prefix, service })),
          { prefix: '/api/live', service: 'gateway' },
        ],
        operations: ['/health', '/livez', '/readyz', '/metrics', '/openapi.json'],
      }),
  });
}
