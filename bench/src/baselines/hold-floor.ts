import { seatId } from '@holdfast/shared/contracts/fields.ts';
import { refused } from '@holdfast/shared/errors.ts';
import { reply, route } from '@holdfast/shared/http/route.ts';
import { serve } from '@holdfast/shared/http/server.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { createMetrics } from '@holdfast/shared/metrics.ts';
import { createTokenVerifier } from '@holdfast/shared/tokens.ts';
import Joi from 'joi';
import { readSettings, stopOnSignal } from './settings.ts';

export type FloorSettings = {
  port: number;
  jwksUrl: string;
  /** What every valid request is answered: a hold as catalog answered one, or that a seat is gone. */
  answer: { taken: unknown } | 'refused';
};

// The HTTP floor: the same kit, the same route, the caller authenticated and the body validated,
// and then nothing is done. What it can not reach, no catalog behind this kit can.
const settings = readSettings<FloorSettings>();
const { answer } = settings;

const takeSeats = route<{
  params: { eventId: string };
  body: { seatIds?: string[]; bestAvailable?: object; durationSeconds?: number };
}>({
  method: 'post',
  path: '/api/events/:eventId/holds',
  id: 'takeSeats',
  summary: 'Answers as if seats were held',
  access: 'login',
  params: Joi.object({ eventId: Joi.string().max(64).required() }),
  body: Joi.object({
    seatIds: Joi.array().items(seatId()).min(1).max(100).unique(),
    bestAvailable: Joi.object().unknown(),
    durationSeconds: Joi.number().integer().min(1),
  }).xor('seatIds', 'bestAvailable'),
  responses: { 201: { description: 'The hold' } },
  errors: ['seat_unavailable'],
  async run({ body }) {
    if (answer !== 'refused') return reply(201, answer.taken);
    const [first = ''] = body.seatIds ?? [];
    return refused('seat_unavailable', `The seats ${first} are taken.`, { seatIds: [first] });
  },
});

const http = await serve({
  service: 'hold-floor',
  version: '0.1.0',
  description: 'What the HTTP kit alone can do',
  host: '127.0.0.1',
  port: settings.port,
  routes: [takeSeats],
  log: createLogger('hold-floor', 'warn'),
  metrics: createMetrics('hold-floor'),
  verifyToken: createTokenVerifier(settings.jwksUrl),
  dependencies: {},
});
stopOnSignal(() => http.stop());
