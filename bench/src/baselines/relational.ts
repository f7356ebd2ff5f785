import { createTokenVerifier } from '@holdfast/shared/tokens.ts';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import { Redis } from 'ioredis';
import Joi from 'joi';
import Koa from 'koa';
import { createSeatTables, type SeatTables } from './seat-tables.ts';
import { readSettings, stopOnSignal } from './settings.ts';

export type RelationalSettings = {
  port: number;
  jwksUrl: string;
  postgresUrl: string;
  redisUrl: string;
  /**
   * `row-locks`: select for update. `redis-locks`: SET NX a seat, then for update nowait.
   * `counted-quota`: an advisory lock an event, under which the account's seats are counted.
   */
  strategy: 'row-locks' | 'redis-locks' | 'counted-quota';
};

type Wish = { eventId: string; userId: string; seatIds: string[] };
type Take = (wish: Wish) => Promise<{ id: string; expires_at: Date } | undefined>;

const MOST_SEATS = 12;
const LOCK_MS = 5_000;
/** Asked by SQLSTATE: a row that `nowait` found locked. */
const LOCKED = '55P03';

// The usual ways to hold seats in PostgreSQL, as good as they get: pooled, prepared, indexed, one
// write for seats, hold, audit and message, the token remembered once verified. Each would be
// faster with fewer guarantees: without fsync, or without its audit and outbox.
const settings = readSettings<RelationalSettings>();
const tables = createSeatTables(settings.postgresUrl);
const redis = new Redis(settings.redisUrl, { lazyConnect: settings.strategy !== 'redis-locks' });
const verifyToken = createTokenVerifier(settings.jwksUrl);

const underRowLocks =
  ({ inTransaction, lockFree, hold }: SeatTables, nowait: boolean): Take =>
  ({ eventId, userId, seatIds }) =>
    inTransaction(async (run) => {
      const free = await lockFree(run, eventId, seatIds, nowait);
      if (free.rowCount !== seatIds.length) return undefined;
      return (await hold(run, eventId, userId, seatIds)).rows[0];
    });

const underRedisLocks = (inner: Take): Take => {
  return async (wish) => {
    const names = wish.seatIds.map((seatId) => `bench:lock:${wish.eventId}:${seatId}`);
    const locking = redis.pipeline();
    for (const name of names) locking.set(name, wish.userId, 'PX', LOCK_MS, 'NX');
    const locked = (await locking.exec()) ?? [];
    const own = names.filter((_, at) => locked[at]?.[1] === 'OK');
    try {
      if (own.length < names.length) return undefined;
      return await inner(wish).catch((error: { code?: string }) => {
        if (error.code === LOCKED) return undefined;
        throw error;
      });
    } finally {
      if (own.length > 0) await redis.del(own);
    }
  };
};

const underAdvisoryLock =
  ({ inTransaction, lockFree, hold }: SeatTables): Take =>
  ({ eventId, userId, seatIds }) =>
    inTransaction(async (run) => {
      await run('advisory', 'select pg_advisory_xact_lock(hashtextextended($1, 0))', [eventId]);
      const used = await run(
        'quota',
        `select coalesce(sum(cardinality(seat_ids)), 0)::int as used from holds
         where event_id = $1 and user_id = $2 and expires_at > now()`,
        [eventId, userId],
      );
      if (used.rows[0].used + seatIds.length > MOST_SEATS) return undefined;
      const free = await lockFree(run, eventId, seatIds, false);
      if (free.rowCount !== seatIds.length) return undefined;
      return (await hold(run, eventId, userId, seatIds)).rows[0];
    });

const takes: Record<RelationalSettings['strategy'], Take> = {
  'row-locks': underRowLocks(tables, false),
  'redis-locks': underRedisLocks(underRowLocks(tables, true)),
  'counted-quota': underAdvisoryLock(tables),
};
const take = takes[settings.strategy];

const wishSchema = Joi.object<{ seatIds: string[]; durationSeconds?: number }>({
  seatIds: Joi.array().items(Joi.string().max(64)).min(1).max(100).unique().required(),
  durationSeconds: Joi.number().integer().min(1),
});

const app = new Koa();
const router = new Router();
router.get('/livez', (ctx) => {
  ctx.body = 'alive';
});
router.get('/audit', async (ctx) => {
  ctx.body = await tables.audit();
});
router.post('/api/events/:eventId/holds', bodyParser({ enableTypes: ['json'] }), async (ctx) => {
  const [, token = ''] = ctx.get('authorization').split(' ');
  const actor = await verifyToken(token);
  if ('kind' in actor) {
    ctx.status = 401;
    return;
  }
  const { error, value } = wishSchema.validate(ctx.request.body);
  if (error) {
    ctx.status = 400;
    ctx.body = { code: 'invalid_request', detail: error.message };
    return;
  }
  const { seatIds } = value;
  const eventId = ctx.params.eventId ?? '';
  const held = await take({ eventId, userId: actor.userId, seatIds: seatIds.toSorted() });
  ctx.status = held ? 201 : 409;
  ctx.body = held
    ? { hold: { holdId: held.id, eventId, status: 'held', seatIds, expiresAt: held.expires_at } }
    : { code: 'seat_unavailable', detail: 'One of the seats is taken.' };
});
app.use(router.routes());
const server = app.listen(settings.port, '127.0.0.1');
stopOnSignal(async () => {
  server.closeAllConnections();
  await tables.pool.end();
  redis.disconnect();
});
