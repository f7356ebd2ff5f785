import { createPaymentProvider } from '@holdfast/booking/payment-provider.ts';
import { createBreaker } from '@holdfast/shared/breaker.ts';
import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { refused } from '@holdfast/shared/errors.ts';
import { reply, route } from '@holdfast/shared/http/route.ts';
import { serve } from '@holdfast/shared/http/server.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { createMetrics } from '@holdfast/shared/metrics.ts';
import { createTokenVerifier } from '@holdfast/shared/tokens.ts';
import Joi from 'joi';
import { createTransactions } from './seat-tables.ts';
import { BREAKER, readSettings, stopOnSignal } from './settings.ts';
import { type Booked, createStepTables } from './step-tables.ts';

export type StepSagaSettings = {
  port: number;
  jwksUrl: string;
  postgresUrl: string;
  kafkaBrokers: string;
  topicPrefix: string;
  paymentUrl: string;
  secretKey: string;
};

const POLL_MS = 1_000;
const MOST_WAITING_MS = 25_000;

// The usual saga: each step is one transaction that marks its message, changes its rows and leaves
// one message in the outbox, which a poll publishes each second. As good as its kind can be:
// pooled, prepared, indexed, sixteen messages at once, one send for all that a poll finds. It would
// be faster if it woke the relay after a commit and did the steps of several bookings together.
const settings = readSettings<StepSagaSettings>();
const log = createLogger('step-saga', 'warn');
const transactions = createTransactions(settings.postgresUrl);
const tables = createStepTables(transactions);
const bus = createKafkaBus({
  brokers: settings.kafkaBrokers,
  clientId: 'step-saga',
  topicPrefix: settings.topicPrefix,
  log,
});
const provider = createPaymentProvider({
  url: settings.paymentUrl,
  secretKey: settings.secretKey,
  webhookSecret: 'whsec_unused',
  breaker: createBreaker({ name: 'the payment provider', ...BREAKER }),
});
const waiting = new Map<string, (booking: Booked) => void>();

function ask(kind: 'authorize' | 'capture', booking: Booked) {
  return provider.run({
    id: newId(),
    kind,
    generation: 1,
    attempts: 1,
    outlivesKey: false,
    createdAt: new Date(),
    bookingId: booking.id,
    paymentId: booking.id,
    refundId: null,
    refundProviderId: null,
    eventId: booking.eventId,
    userId: booking.userId,
    amountMinor: booking.totalMinor,
    currency: 'EUR',
    method: booking.method,
    methodType: 'card',
    providerId: booking.providerId,
  });
}

/** What each message leads to; seats are catalog's part, the others booking's and the payment's. */
const STEPS: Record<string, (message: Message<Booked>) => Promise<void>> = {
  async placed({ id, data }) {
    const outcome = await ask('authorize', data);
    if (outcome.kind === 'authorized') {
      await tables.authorize(id, { ...data, providerId: outcome.providerId });
      return;
    }
    if (outcome.kind !== 'declined') throw new Error(`authorizing came out ${outcome.kind}`);
    if (await tables.fail(id, data)) tell({ ...data, status: 'failed' });
  },
  authorized: ({ id, data }) => tables.pin(id, data),
  async pinned({ id, data }) {
    const outcome = await ask('capture', data);
    if (outcome.kind !== 'captured') throw new Error(`capturing came out ${outcome.kind}`);
    if (await tables.confirm(id, data)) tell({ ...data, status: 'confirmed' });
  },
  confirmed: ({ id, data }) => tables.sell(id, data),
  failed: ({ id, data }) => tables.release(id, data),
};

function tell(booking: Booked): void {
  waiting.get(booking.id)?.(booking);
}

const params = Joi.object<{ id: string }>({ id: Joi.string().uuid().required() });

const takeSeats = route<{ params: { id: string }; body: { seatIds: string[] } }>({
  method: 'post',
  path: '/api/events/:id/holds',
  id: 'takeSeats',
  summary: 'Holds seats',
  access: 'login',
  params,
  body: Joi.object({ seatIds: Joi.array().items(Joi.string().max(64)).min(1).required() }),
  responses: { 201: { description: 'The hold' } },
  errors: ['seat_unavailable'],
  async run({ params: { id: eventId }, body: { seatIds } }) {
    const holdId = await tables.hold(eventId, seatIds.toSorted());
    if (holdId === undefined) return refused('seat_unavailable', 'One of the seats is taken.');
    return reply(201, { hold: { holdId, eventId, seatIds, offer: `${eventId}:${holdId}` } });
  },
});

const placeBooking = route<{ body: { offer: string; paymentMethod: string } }>({
  method: 'post',
  path: '/api/bookings',
  id: 'placeBooking',
  summary: 'Begins a checkout',
  access: 'login',
  body: Joi.object({ offer: Joi.string().required(), paymentMethod: Joi.string().required() }),
  responses: { 202: { description: 'The booking' } },
  errors: ['hold_already_booked'],
  async run({ body, actor: { userId } }) {
    const [eventId = '', holdId = ''] = body.offer.split(':');
    const method = body.paymentMethod;
    const placed = await tables.place({ eventId, holdId, userId, method });
    if (placed === undefined) return refused('hold_already_booked', 'The hold is booked.');
    return reply(202, { booking: { bookingId: placed.id, ...placed } });
  },
});

const getBooking = route<{ params: { id: string }; query: { wait: number } }>({
  method: 'get',
  path: '/api/bookings/:id',
  id: 'getBooking',
  summary: 'A booking at its outcome',
  access: 'login',
  params,
  query: Joi.object({ wait: Joi.number().default(0) }),
  responses: { 200: { description: 'The booking' } },
  errors: ['booking_not_found'],
  async run({ params: { id } }) {
    const { promise, resolve } = Promise.withResolvers<Booked | undefined>();
    waiting.set(id, resolve);
    const late = setTimeout(() => resolve(undefined), MOST_WAITING_MS);
    const found = await tables.find(id);
    const isOver = found?.status === 'confirmed' || found?.status === 'failed';
    const booking = isOver ? found : ((await promise) ?? (await tables.find(id)));
    clearTimeout(late);
    waiting.delete(id);
    if (booking === undefined) return refused('booking_not_found', `There is no booking ${id}.`);
    return reply(200, { booking: { bookingId: id, ...booking } });
  },
});

const subscription = bus.subscribe({
  group: 'step-saga',
  topics: ['booking.bookings'],
  onMessage: async (message) => STEPS[message.type]?.(message as Message<Booked>),
});
await subscription.joined;
let stopped = false;
const polling = (async () => {
  while (!stopped) {
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, POLL_MS);
    await promise;
    await tables.publish((messages) => bus.publish(messages));
  }
})();

const http = await serve({
  service: 'step-saga',
  version: '0.1.0',
  description: 'A checkout as it is usually done',
  host: '127.0.0.1',
  port: settings.port,
  routes: [takeSeats, placeBooking, getBooking],
  log,
  metrics: createMetrics('step-saga'),
  verifyToken: createTokenVerifier(settings.jwksUrl),
  dependencies: {},
});
stopOnSignal(async () => {
  stopped = true;
  await http.stop();
  await subscription.stop();
  await polling;
  await bus.close();
  await transactions.pool.end();
});
