import { createOfferVerifier } from '@holdfast/booking/offer.ts';
import { createBreaker } from '@holdfast/shared/breaker.ts';
import type { Offer } from '@holdfast/shared/contracts/offer.ts';
import { isRefusal, refused } from '@holdfast/shared/errors.ts';
import { reply, route } from '@holdfast/shared/http/route.ts';
import { serve } from '@holdfast/shared/http/server.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { createMetrics } from '@holdfast/shared/metrics.ts';
import { createTokenVerifier } from '@holdfast/shared/tokens.ts';
import Joi from 'joi';
import { createTransactions } from './seat-tables.ts';
import { BREAKER, readSettings, stopOnSignal } from './settings.ts';

export type PlainBookingSettings = {
  port: number;
  jwksUrl: string;
  offersUrl: string;
  postgresUrl: string;
};

// The usual way to begin a checkout: the same kit, the same offer verified, and one transaction of
// seven prepared statements on pooled connections. Its tables have no foreign keys and no audit
// chain. It would be faster with several bookings in a transaction, which is what it is compared to.
const settings = readSettings<PlainBookingSettings>();
const { pool, inTransaction } = createTransactions(settings.postgresUrl);
const verifyOffer = createOfferVerifier(
  settings.offersUrl,
  createBreaker({ name: 'catalog', ...BREAKER }),
);

/** Answers the booking's id; undefined when the key or the hold was used before. */
function place(offer: Offer, method: string): Promise<string | undefined> {
  const id = newId();
  const { holdId, userId, eventId, seats, currency, totalMinor } = offer;
  return inTransaction(async (run) => {
    const key = await run(
      'key',
      'insert into idempotency_keys values ($1, $2, $3) on conflict do nothing',
      [userId, holdId, id],
    );
    const claim = await run(
      'claim',
      'insert into hold_claims values ($1, $2) on conflict do nothing',
      [holdId, id],
    );
    if (key.rowCount === 0 || claim.rowCount === 0) return undefined;
    await run(
      'quota',
      `insert into quotas values ($1, $2, $3)
       on conflict (user_id, event_id) do update set seats = quotas.seats + excluded.seats`,
      [userId, eventId, seats.length],
    );
    await run(
      'booking',
      `insert into bookings (id, hold_id, event_id, user_id, status, currency, total_minor)
       values ($1, $2, $3, $4, 'pending', $5, $6)`,
      [id, holdId, eventId, userId, currency, totalMinor],
    );
    await run(
      'seats',
      'insert into booking_seats select $1, s, p from unnest($2::text[], $3::bigint[]) as u (s, p)',
      [id, seats.map(({ seatId }) => seatId), seats.map(({ priceMinor }) => priceMinor)],
    );
    await run(
      'payment',
      `insert into payments (id, booking_id, amount_minor, method, status)
       values ($1, $2, $3, $4, 'requested')`,
      [newId(), id, totalMinor, method],
    );
    await run('outbox', 'insert into outbox (payload) values ($1)', [
      { type: 'booking.placed.v1', bookingId: id, holdId, userId, eventId, seats, totalMinor },
    ]);
    return id;
  });
}

const placeBooking = route<{ body: { offer: string; paymentMethod: string } }>({
  method: 'post',
  path: '/api/bookings',
  id: 'placeBooking',
  summary: 'Begins a checkout',
  access: 'login',
  body: Joi.object({ offer: Joi.string().required(), paymentMethod: Joi.string().required() }),
  responses: { 202: { description: 'The booking' } },
  errors: ['offer_invalid', 'hold_already_booked'],
  async run({ body, actor }) {
    const offer = await verifyOffer(body.offer, actor.userId);
    if (isRefusal(offer)) return offer;
    const bookingId = await place(offer, body.paymentMethod);
    if (bookingId === undefined) return refused('hold_already_booked', 'The hold is booked.');
    const { holdId, eventId, seats, currency, totalMinor } = offer;
    return reply(
      202,
      { booking: { bookingId, holdId, eventId, status: 'pending', seats, currency, totalMinor } },
      { location: `/api/bookings/${bookingId}` },
    );
  },
});

const http = await serve({
  service: 'plain-booking',
  version: '0.1.0',
  description: 'A checkout as it is usually begun',
  host: '127.0.0.1',
  port: settings.port,
  routes: [placeBooking],
  log: createLogger('plain-booking', 'warn'),
  metrics: createMetrics('plain-booking'),
  verifyToken: createTokenVerifier(settings.jwksUrl),
  dependencies: {},
});
stopOnSignal(async () => {
  await http.stop();
  await pool.end();
});
