import type { Contract } from '@holdfast/shared/contracts/contract.ts';
import { newMessage } from '@holdfast/shared/contracts/contract.ts';
import { eventUpdated } from '@holdfast/shared/contracts/events.ts';
import {
  type HoldChange,
  holdChanged,
  holdConfirmed,
  holdExpired,
  holdPinned,
  holdReleased,
  holdReturned,
  holdTaken,
  holdUnpinned,
} from '@holdfast/shared/contracts/holds.ts';
import { type UserState, userRegistered, userUpdated } from '@holdfast/shared/contracts/users.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { makeOffer, makeSeat } from './catalog.ts';
import { startWorld, type World } from './world.ts';

/** The views of analysts, beside revenue by event, and what they project of other services. */
describe('analysts', () => {
  let world: World;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
  });
  after(() => world?.stop());

  async function sell(parts: Parameters<typeof makeOffer>[1] = {}) {
    const buyer = await world.login();
    const offer = await world.signOffer(makeOffer(buyer.userId, parts));
    const { bookingId } = (await buyer.book(offer)).body.booking;
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    return { bookingId: String(bookingId), buyer };
  }

  const origin = systemOrigin('analysts-test', newId());

  async function tellHold(
    contract: Contract<HoldChange>,
    data: Partial<HoldChange> & { holdId: string; eventId: string },
    at: { version: number; time: string },
  ): Promise<void> {
    await world.bus.publish([
      newMessage(contract, {
        key: data.holdId,
        version: at.version,
        time: new Date(at.time),
        origin,
        data: { userId: newId(), seats: [], expiresAt: null, ...data },
      }),
    ]);
  }

  async function tellUser(contract: Contract<UserState>, user: UserState, version: number) {
    const parts = { key: user.userId, version, time: new Date('2026-11-01T00:00:00Z'), origin };
    await world.bus.publish([newMessage(contract, { ...parts, data: user })]);
  }

  const seats = (status: 'held' | 'available', ...ids: string[]) =>
    ids.map((seatId) => ({ seatId, version: 2, status }));

  const applied = (source: string, messages: number) =>
    waitUntil(`${messages} messages of ${source}`, async () => {
      const [row] = await world.rows<{ messages: number }>(
        'select messages::int from analytics.freshness where source = $1',
        [source],
      );
      return row !== undefined && row.messages >= messages;
    });

  async function countOf(source: string): Promise<number> {
    const [row] = await world.rows<{ messages: number }>(
      'select messages::int from analytics.freshness where source = $1',
      [source],
    );
    return row?.messages ?? 0;
  }

  it('add up to the ledger to the cent, in each view that has money', async () => {
    const eventId = newId();
    await sell({ eventId, seats: [makeSeat('L-1', 1_001), makeSeat('L-2', 2_003)] });
    const { bookingId } = await sell({ eventId, seats: [makeSeat('L-3', 4_007)] });
    await sell({ currency: 'CHF', seats: [makeSeat('L-1', 8_009)] });
    await sell({ eventId, seats: [makeSeat('L-4', 0)] });
    const admin = await world.login(['admin']);
    await admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'customer_request' });
    const byCurrency = (text: string) =>
      world.rows(`select currency, sum(amount)::int as amount from (${text}) x(currency, amount)
        group by 1 order by 1`);
    const ledger = `select a.currency::text, -l.amount_minor from ledger_lines l
      join ledger_accounts a on a.id = l.account_id where a.event_id is not null`;
    const expected = await byCurrency(ledger);
    expect(expected.length).to.equal(2);
    for (const text of [
      'select currency, net_minor from analytics.revenue_by_event',
      'select currency, net_minor from analytics.sales_daily',
      'select currency, net_minor from analytics.customer_cohorts',
      'select currency, value_minor from analytics.price_tier_mix',
      'select currency, total_minor from analytics.recent_bookings',
    ]) {
      expect(await byCurrency(text), text).to.deep.equal(expected);
    }
    const refunds = await byCurrency('select currency, amount_minor from analytics.refunds');
    expect(refunds).to.deep.equal(
      await byCurrency(
        'select currency, refunded_minor from analytics.sales_daily where refunds > 0',
      ),
    );
    expect(refunds).to.deep.equal([{ currency: 'EUR', amount: 4_007 }]);
  });

  it('tell of recent bookings with the buyer as auth last told it, whatever the order', async () => {
    const { bookingId, buyer } = await sell({ seats: [makeSeat('U-1', 5_000)] });
    const before = await countOf('auth.users');
    const user: UserState = {
      ...{ userId: buyer.userId, email: 'ines@example.org', name: 'Inês Prado' },
      ...{ tier: 'regular', roles: ['user'] },
    };
    await tellUser(userRegistered, user, 1);
    await tellUser(userUpdated, { ...user, tier: 'vip' }, 3);
    await tellUser(userUpdated, { ...user, tier: 'premium' }, 2);
    await applied('auth.users', before + 3);
    const rows = await world.rows(
      `select customer, email, tier, tickets::int, total_minor::int, customer_bookings::int
       from analytics.recent_bookings where booking_id = $1`,
      [bookingId],
    );
    expect(rows).to.deep.equal([
      {
        ...{ customer: 'Inês Prado', email: 'ines@example.org', tier: 'vip' },
        ...{ tickets: 1, total_minor: 5_000, customer_bookings: 1 },
      },
    ]);
  });

  it('tell how holds ended, and count a repeated or older message once', async () => {
    const eventId = newId();
    const [sold, given, late, back] = [newId(), newId(), newId(), newId()];
    const before = await countOf('catalog.holds');
    const minute = (n: number) => `2026-11-03T10:0${n}:00Z`;
    const expiresAt = '2026-11-03T10:08:00.000Z';
    for (const holdId of [sold, given, late, back]) {
      const hold = { holdId, eventId, seats: seats('held', 'A-1', 'A-2'), expiresAt };
      await tellHold(holdTaken, hold, { version: 1, time: minute(0) });
    }
    const more = { holdId: sold, eventId, seats: seats('held', 'A-3'), expiresAt };
    await tellHold(holdChanged, more, { version: 2, time: minute(1) });
    await tellHold(holdChanged, more, { version: 2, time: minute(1) });
    await tellHold(holdPinned, { holdId: sold, eventId }, { version: 3, time: minute(2) });
    await tellHold(holdUnpinned, { ...more, seats: [] }, { version: 4, time: minute(3) });
    await tellHold(holdPinned, { holdId: sold, eventId }, { version: 5, time: minute(4) });
    // A fourth seat was added, of which no message told.
    const all = { holdId: sold, eventId, seats: seats('held', 'A-1', 'A-2', 'A-3', 'A-4') };
    await tellHold(holdConfirmed, all, { version: 6, time: minute(5) });
    await tellHold(holdPinned, { holdId: sold, eventId }, { version: 3, time: minute(2) });
    await tellHold(holdReleased, { holdId: given, eventId }, { version: 2, time: minute(1) });
    await tellHold(holdExpired, { holdId: late, eventId }, { version: 2, time: minute(9) });
    await tellHold(holdConfirmed, { holdId: back, eventId }, { version: 2, time: minute(5) });
    await tellHold(holdReturned, { holdId: back, eventId }, { version: 3, time: minute(7) });
    await applied('catalog.holds', before + 15);
    const rows = await world.rows(
      `select day::text, outcome, holds::int, seats::int, median_seconds::int, holds_percent::int
       from analytics.hold_outcomes where event_id = $1 order by outcome`,
      [eventId],
    );
    const row = { day: '2026-11-03', holds: 1, seats: 2, holds_percent: 25 };
    expect(rows).to.deep.equal([
      { ...row, outcome: 'confirmed', seats: 4, median_seconds: 300 },
      { ...row, outcome: 'expired', median_seconds: 540 },
      { ...row, outcome: 'released', median_seconds: 60 },
      { ...row, outcome: 'returned', median_seconds: 300 },
    ]);
  });

  it('tell how full an event is and when it sold out, and leave void tickets out', async () => {
    const eventId = newId();
    const state = { eventId, seatCount: 4, onSaleAt: '2026-01-01T00:00:00.000Z' };
    await world.catalog.publishEvent(eventUpdated, state, 7);
    await sell({ eventId, seats: [makeSeat('F-1'), makeSeat('F-2')] });
    const { bookingId } = await sell({ eventId, seats: [makeSeat('F-3'), makeSeat('F-4')] });
    await waitUntil('the event', async () => {
      return (await world.rows('select from events where event_id = $1', [eventId])).length === 1;
    });
    const read = () =>
      world.rows(
        `select f.seats, f.sold::int, f.unsold::int, f.fill_percent::int,
           s.half_sold_at is not null as half, s.sold_out_at is not null as sold_out
         from analytics.seat_fill f join analytics.time_to_sellout s using (event_id)
         where event_id = $1`,
        [eventId],
      );
    const full = { seats: 4, sold: 4, unsold: 0, fill_percent: 100, half: true, sold_out: true };
    expect(await read()).to.deep.equal([full]);
    const admin = await world.login(['admin']);
    await admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'customer_request' });
    const half = { seats: 4, sold: 2, unsold: 2, fill_percent: 50, half: true, sold_out: false };
    expect(await read()).to.deep.equal([half]);
  });

  it('count how far checkouts came', async () => {
    const eventId = newId();
    await sell({ eventId, seats: [makeSeat('C-1')] });
    const { bookingId } = await sell({ eventId, seats: [makeSeat('C-2')] });
    const admin = await world.login(['admin']);
    await admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'customer_request' });
    const buyer = await world.login();
    const offer = makeOffer(buyer.userId, { eventId, seats: [makeSeat('C-3')] });
    const declined = await buyer.book(await world.signOffer(offer), 'pm_card_visa_chargeDeclined');
    await buyer.outcome(declined.body.booking.bookingId);
    const rows = await world.rows(
      `select held::int, placed::int, authorized::int, pinned::int, sold::int, declined::int,
         failed::int, cancelled::int, under_way::int, sold_percent::float
       from analytics.checkout_funnel where event_id = $1`,
      [eventId],
    );
    expect(rows).to.deep.equal([
      {
        ...{ held: 0, placed: 3, authorized: 2, pinned: 2, sold: 2, declined: 1, failed: 1 },
        ...{ cancelled: 1, under_way: 0, sold_percent: 66.67 },
      },
    ]);
  });

  it('read only the days or events that are asked for, where a page says so', async () => {
    await world.rows('analyze');
    const client = await world.owner.connect();
    try {
      // The tables of a test are small: what may be used counts, not what is cheapest here.
      for (const way of ['seqscan', 'indexscan', 'indexonlyscan', 'hashjoin', 'mergejoin']) {
        await client.query(`set enable_${way} = off`);
      }
      for (const [query, index] of [
        [`analytics.sales_daily where month >= '2026-11-01'`, 'journals_by_day'],
        [`analytics.hold_outcomes where day >= '2026-11-01'`, 'holds_by_day'],
        [`analytics.checkout_funnel where day >= '2026-11-01'`, 'holds_by_day'],
        [`analytics.price_tier_mix where event_id = '${newId()}'`, 'one_ticket_a_seat'],
        [`analytics.time_to_sellout where event_id = '${newId()}'`, 'one_ticket_a_seat'],
        [`analytics.audit_trail where at >= now() - interval '1 day'`, 'audit_entries_by_time'],
      ] as const) {
        const plan = await client.query(`explain select * from ${query}`);
        const text = plan.rows.map((row) => row['QUERY PLAN']).join('\n');
        expect(text, query).to.include(index);
      }
      const plan = await client.query('explain select * from analytics.recent_bookings');
      const text = plan.rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(text).to.match(/Subplans Removed|uuidv7_floor/);
    } finally {
      client.release(true);
    }
  });
});
