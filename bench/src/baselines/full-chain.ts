import { readFileSync } from 'node:fs';
import { reply, route } from '@holdfast/shared/http/route.ts';
import { serve } from '@holdfast/shared/http/server.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { createMetrics } from '@holdfast/shared/metrics.ts';
import { createTokenVerifier } from '@holdfast/shared/tokens.ts';
import Joi from 'joi';
import type { BareAnswer } from './bare-http.ts';
import { readSettings, stopOnSignal } from './settings.ts';

export type FullChainSettings = {
  port: number;
  jwksUrl: string;
  /** A JSON file of answers by path, as the bare server gives them out. */
  answers: string;
};

// The same reads through every step of the HTTP kit: routed, validated, the answer made into
// JSON, with no store behind. What a cache within the route can reach, and no more.
const settings = readSettings<FullChainSettings>();
const stored: Record<string, BareAnswer> = JSON.parse(readFileSync(settings.answers, 'utf8'));
const answers = new Map(
  Object.entries(stored).map(([path, { body, status = 200 }]) => {
    return [path, { status, body: JSON.parse(Buffer.from(body, 'base64').toString()) as unknown }];
  }),
);
const give = (path: string) => {
  const found = answers.get(path);
  return reply(found?.status ?? 404, found?.body ?? {});
};

const getEvent = route<{ params: { eventId: string } }>({
  method: 'get',
  path: '/api/events/:eventId',
  id: 'getEvent',
  summary: 'An event from memory',
  access: 'anyone',
  params: Joi.object({ eventId: Joi.string().max(64).required() }),
  responses: { 200: { description: 'The event' } },
  run: async ({ params }) => give(`/api/events/${params.eventId}`),
});

const list = (id: string, path: string) =>
  route<{ query: Record<string, string> }>({
    method: 'get',
    path,
    id,
    summary: 'A page of events from memory',
    access: 'anyone',
    query: Joi.object().pattern(Joi.string(), Joi.string()),
    responses: { 200: { description: 'The page' } },
    run: async ({ query }) => give(`${path}?${new URLSearchParams(query)}`),
  });

const http = await serve({
  service: 'full-chain',
  version: '0.1.0',
  description: 'Reads through the whole chain, from memory',
  host: '127.0.0.1',
  port: settings.port,
  routes: [list('listEvents', '/api/events'), list('search', '/api/search'), getEvent],
  log: createLogger('full-chain', 'warn'),
  metrics: createMetrics('full-chain'),
  verifyToken: createTokenVerifier(settings.jwksUrl),
  dependencies: {},
});
stopOnSignal(() => http.stop());
