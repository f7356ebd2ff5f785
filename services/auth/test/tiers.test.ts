import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  bookingCancelled,
  bookingConfirmed,
  bookingFailed,
  bookingSeatsCancelled,
} from '@holdfast/shared/contracts/bookings.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { playBooking } from './booking-messages.ts';
import { ownNames, type RunningAuth, startAuth } from './running-auth.ts';

const RULE = { TIER_PREMIUM_BOOKINGS: '2', TIER_VIP_BOOKINGS: '3' };

describe('tiers', () => {
  let auth: RunningAuth;
  let booking: ReturnType<typeof playBooking>;
  const heard: Message[] = [];

  before(async () => {
    auth = await startAuth(RULE);
    booking = playBooking(auth.names.environment);
    const users = booking.bus.subscribe({
      group: 'listener-of-the-test',
      topics: ['auth.users'],
      onMessage: async (message) => void heard.push(message),
    });
    await Promise.all([users.joined, auth.running.bookings.joined]);
  });
  after(async () => {
    await booking.bus.close();
    await auth.stop();
  });

  const userOf = async (userId: string) =>
    (
      await auth.query<{ tier: string; version: number }>(
        'select tier, version from users where id = $1',
        [userId],
      )
    )[0];
  const becomes = (userId: string, tier: string) =>
    waitUntil(`${tier} of ${userId}`, async () => (await userOf(userId))?.tier === tier);
  /** All that was told before has had its effect: a booking told after it counts. */
  async function settled(): Promise<void> {
    const { user } = await auth.registerOne();
    for (let n = 0; n < 16; n += 1) await booking.sell(user.userId, 1);
    await waitUntil('sixteen bookings', async () => {
      const rows = await auth.query('select 1 from tier_bookings where user_id = $1', [
        user.userId,
      ]);
      return rows.length === 16;
    });
  }
  const changesOf = (userId: string) =>
    auth.query<{ before: string; after: string; actor: string; reason: string; request: string }>(
      `select metadata->'before'->>'tier' as before, metadata->'after'->>'tier' as after, actor,
         reason, request_id as request
       from audit_entries where aggregate_id = $1 and action = 'user.tier_changed' order by seq`,
      [userId],
    );
  const steps = async (userId: string) =>
    (await changesOf(userId)).map(({ before, after }) => `${before} to ${after}`);

  it('rise by confirmed bookings, each step once though messages come twice; others stay', async () => {
    const { user, accessToken } = await auth.registerOne();
    const { user: other } = await auth.registerOne();
    const sold = [1, 2].map(() => booking.message(bookingConfirmed, { userId: user.userId }));
    await booking.tell(booking.message(bookingConfirmed, { userId: other.userId }));
    await booking.tell(...sold);
    await booking.tell(...sold);
    await becomes(user.userId, 'premium');
    // Of a booking some seats are cancelled: it counts on.
    const some = { userId: user.userId, bookingId: sold[0]?.key ?? '', version: 5 };
    await booking.tell(booking.message(bookingSeatsCancelled, some));
    const me = await auth.get('/api/auth/me', accessToken);
    expect(me.body.standing).to.deep.equal({
      ...{ bookings: 2, windowDays: 365, next: { tier: 'vip', bookings: 1 } },
    });
    await booking.tell(...sold, booking.message(bookingFailed, { userId: user.userId }));
    await settled();
    expect(await userOf(user.userId)).to.deep.equal({ tier: 'premium', version: 2 });
    expect(await changesOf(user.userId)).to.deep.equal([
      {
        ...{ before: 'regular', after: 'premium', actor: 'system:tiers', request: 'request-1' },
        reason: '2 confirmed bookings',
      },
    ]);
    await booking.sell(user.userId, 1);
    await becomes(user.userId, 'vip');
    expect((await auth.get('/api/auth/me', accessToken)).body.standing.next).to.equal(null);
    expect(await userOf(other.userId)).to.deep.equal({ tier: 'regular', version: 1 });
    const told = () =>
      heard.filter(({ key, type }) => key === user.userId && type === 'user.tier_changed.v1');
    await waitUntil('both messages', () => told().length >= 2);
    const byId = [...new Map(told().map((one) => [one.id, one])).values()];
    expect(byId.map(({ version, data }) => ({ version, data }))).to.deep.equal([
      { version: 2, data: state(user, 'premium', 'regular', 2) },
      { version: 3, data: state(user, 'vip', 'premium', 3) },
    ]);
  });

  type User = { userId: string; email: string; name: string; roles: string[] };
  const state = (user: User, tier: string, previousTier: string, confirmedBookings: number) => {
    const { userId, email, name, roles } = user;
    return { userId, email, name, tier, roles, previousTier, confirmedBookings };
  };

  it('fall when a booking is cancelled, and show in the next token', async () => {
    const { user, refreshToken } = await auth.registerOne();
    const { userId } = user;
    const [bookingId = ''] = await booking.sell(userId, 2);
    await becomes(userId, 'premium');
    const next = await auth.post('/api/auth/refresh', { refreshToken });
    expect(decodeJwt(next.body.accessToken).tier).to.equal('premium');
    expect(next.body.user.tier).to.equal('premium');
    const cancelled = booking.message(bookingCancelled, { userId, bookingId, version: 5 });
    await booking.tell(cancelled, cancelled);
    await becomes(userId, 'regular');
    const last = await auth.post('/api/auth/refresh', { refreshToken: next.body.refreshToken });
    expect(decodeJwt(last.body.accessToken).tier).to.equal('regular');
    expect(await steps(userId)).to.deep.equal(['regular to premium', 'premium to regular']);
  });

  it('do not count a booking whose cancellation was heard before its confirmation', async () => {
    const { userId } = (await auth.registerOne()).user;
    const bookingId = newId();
    await booking.tell(booking.message(bookingCancelled, { userId, bookingId, version: 5 }));
    await booking.tell(booking.message(bookingConfirmed, { userId, bookingId, version: 4 }));
    await booking.sell(userId, 1);
    await settled();
    expect(await steps(userId)).to.deep.equal([]);
    await booking.sell(userId, 1);
    await becomes(userId, 'premium');
  });

  it('fall when a booking leaves the window, and a late old booking does not count', async () => {
    const { userId } = (await auth.registerOne()).user;
    const old = new Date(Date.now() - 366 * 86_400_000);
    await booking.tell(booking.message(bookingConfirmed, { userId, time: old }));
    await booking.sell(userId, 2);
    await becomes(userId, 'premium');
    await auth.running.tiers.drain();
    expect(await steps(userId)).to.deep.equal(['regular to premium']);
    await auth.query(
      `update tier_bookings set confirmed_at = now() - interval '365 days' where user_id = $1`,
      [userId],
    );
    await auth.running.tiers.drain();
    expect(await steps(userId)).to.deep.equal(['regular to premium', 'premium to regular']);
  });

  it('stand as an admin set them, whatever bookings say, until they are given back', async () => {
    const { userId } = (await auth.registerOne()).user;
    const token = await auth.adminToken();
    const set = (tier: string | null) =>
      auth.patch(`/api/admin/users/${userId}`, { tier, reason: 'Patron of the house' }, token);
    expect((await set('vip')).body.user.tier).to.equal('vip');
    await booking.sell(userId, 2);
    await settled();
    await auth.running.tiers.drain();
    expect((await userOf(userId))?.tier).to.equal('vip');
    expect((await set(null)).body.user.tier).to.equal('premium');
    await booking.sell(userId, 1);
    await becomes(userId, 'vip');
    expect(await steps(userId)).to.deep.equal(['premium to vip']);
  });

  it('follow another rule from the next start on', async () => {
    const { userId } = (await auth.registerOne()).user;
    await booking.sell(userId, 2);
    await becomes(userId, 'premium');
    const settings = { ...RULE, TIER_PREMIUM_BOOKINGS: '1', TIER_VIP_BOOKINGS: '2' };
    const second = await startAuth(settings, auth.names);
    try {
      await becomes(userId, 'vip');
    } finally {
      await second.stop({ drop: false });
      const again = await startAuth(RULE, auth.names);
      await becomes(userId, 'premium').finally(() => again.stop({ drop: false }));
    }
  });

  it('rise once when two instances count bookings of one account at the same moment', async () => {
    const { userId } = (await auth.registerOne()).user;
    const second = await startAuth(RULE, auth.names);
    after(() => second.stop({ drop: false }));
    const lock = await auth.lockUser(userId);
    try {
      await second.running.bookings.joined;
      await waitUntil('both instances to wait for the account', async () => {
        await booking.sell(userId, 4);
        const [row] = await auth.query<{ waiting: number }>(
          `select count(*)::int as waiting from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return row?.waiting === 2;
      });
    } finally {
      await lock.release();
    }
    await becomes(userId, 'vip');
    await settled();
    const taken = await steps(userId);
    expect(taken.length).to.equal(new Set(taken).size);
    expect(taken.at(-1)).to.match(/to vip$/);
  });
});

describe('tiers of a process that is killed while it counts', () => {
  const started: ChildProcess[] = [];
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  it('rise once after the next start, and no booking is lost', async function () {
    this.timeout(60_000);
    const names = ownNames();
    // This instance gives the test its hands; the processes are those that count.
    const auth = await startAuth(RULE, names);
    await auth.running.bookings.stop();
    const booking = playBooking(names.environment);
    const start = () => {
      const main = new URL('../src/main.ts', import.meta.url).pathname;
      const child = spawn(process.execPath, [main], {
        env: { ...process.env, ...names.environment, ...RULE },
        stdio: 'ignore',
      });
      started.push(child);
      return child;
    };
    try {
      const { userId } = (await auth.registerOne()).user;
      const lock = await auth.lockUser(userId);
      const child = start();
      await booking.sell(userId, 2);
      await waitUntil(
        'the process to wait for the account',
        async () =>
          (
            await auth.query(
              `select 1 from pg_stat_activity
               where datname = current_database() and wait_event_type = 'Lock'`,
            )
          ).length > 0,
        { limitMs: 30_000 },
      );
      child.kill('SIGKILL');
      await once(child, 'exit');
      await lock.release();
      start();
      await waitUntil(
        'premium',
        async () =>
          (await auth.query(`select 1 from users where id = $1 and tier = 'premium'`, [userId]))
            .length === 1,
        { limitMs: 30_000 },
      );
      expect(
        await auth.query(
          `select seq, action from audit_entries
           where aggregate_type = 'user' and aggregate_id = $1 order by seq`,
          [userId],
        ),
      ).to.deep.equal([
        { seq: 1, action: 'user.registered' },
        { seq: 2, action: 'user.tier_changed' },
      ]);
    } finally {
      for (const child of started) child.kill('SIGKILL');
      await booking.bus.close();
      await auth.stop();
    }
  });
});
