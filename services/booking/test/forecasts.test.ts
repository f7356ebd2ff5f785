import { eventUpdated } from '@holdfast/shared/contracts/events.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { startWorld, type World } from './world.ts';

const SEATS = 100;
const DAY_HOURS = 24;

/** Forecasts of when events are sold out, from tickets as the database has them. */
describe('sell-out forecasts', () => {
  let world: World;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
  });
  after(() => world?.stop());

  const hoursFromNow = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

  /**
   * An event whose sale opened so long ago, with so many tickets; the n-th was sold at the hour
   * that `hourOf` says for its share of the seats.
   */
  async function makeEvent(sale: {
    openedAgo: number;
    startsIn: number;
    tickets: number;
    hourOf: (share: number) => number;
    status?: 'published' | 'cancelled';
  }): Promise<string> {
    const eventId = newId();
    const { openedAgo, startsIn, tickets, hourOf, status = 'published' } = sale;
    const state = {
      ...{ eventId, status, seatCount: SEATS },
      ...{ onSaleAt: hoursFromNow(-openedAgo), startsAt: hoursFromNow(startsIn) },
    };
    await world.catalog.publishEvent(eventUpdated, state, 2);
    await waitUntil('the event', async () => {
      return (await world.rows('select 1 from events where event_id = $1', [eventId])).length > 0;
    });
    const at = Array.from({ length: tickets }, (_one, n) =>
      hoursFromNow(hourOf((n + 1) / SEATS) - openedAgo),
    );
    const bookingId = newId();
    await world.rows(
      `insert into bookings (id, hold_id, pin_id, event_id, user_id, status, currency,
         total_minor, event_name, venue_name, starts_at, time_zone)
       values ($1, uuidv7(), uuidv7(), $2, uuidv7(), 'confirmed', 'EUR', 0, '', '', now(), 'UTC')`,
      [bookingId, eventId],
    );
    await world.rows(
      `insert into tickets (id, booking_id, event_id, seat_id, status, holder_id, created_at)
       select uuidv7(), $1, $2, 'S-' || n, 'live', uuidv7(), at
       from unnest($3::timestamptz[]) with ordinality as sold(at, n)`,
      [bookingId, eventId, at],
    );
    return eventId;
  }

  /** Sold faster and faster, all of it within so many hours. */
  const accelerating = (hours: number) => (share: number) => hours * share ** 0.4;

  async function read(eventId: string) {
    const [row] = await world.rows<{
      basis: string;
      sold: number;
      similar_events: number;
      hours: number | null;
      naive: number | null;
      earliest: number | null;
      latest: number | null;
      chance: number | null;
      held_out: number | null;
      error: number | null;
      naive_error: number | null;
    }>(
      `select basis, sold, similar_events,
         extract(epoch from sellout_at - computed_at)::float8 / 3600 as hours,
         extract(epoch from naive_sellout_at - computed_at)::float8 / 3600 as naive,
         extract(epoch from earliest_at - computed_at)::float8 / 3600 as earliest,
         extract(epoch from latest_at - computed_at)::float8 / 3600 as latest,
         chance_percent::float8 as chance, held_out_events as held_out,
         error_factor::float8 as error, naive_error_factor::float8 as naive_error
       from analytics.sellout_forecast where event_id = $1`,
      [eventId],
    );
    return row;
  }

  it('go on at the own rate while little has finished, and say so', async () => {
    const half = {
      openedAgo: 50,
      startsIn: 500,
      tickets: 50,
      hourOf: (share: number) => 100 * share,
    };
    const eventId = await makeEvent(half);
    await world.loops.forecasts.drain();
    const row = await read(eventId);
    expect(row).to.deep.include({ basis: 'own_rate', similar_events: 0, held_out: null });
    expect(row).to.deep.include({ earliest: null, chance: null, error: null });
    expect(row?.hours).to.be.closeTo(50, 3);
    expect(row?.naive).to.equal(row?.hours);
  });

  it('say nothing of an event without a sale, and leave out those begun, cancelled or not opened', async () => {
    const none = { openedAgo: 5, startsIn: 100, tickets: 0, hourOf: () => 0 };
    const silent = await makeEvent(none);
    const hidden = [
      await makeEvent({ ...none, startsIn: -1 }),
      await makeEvent({ ...none, tickets: 5, status: 'cancelled' }),
      await makeEvent({ ...none, openedAgo: -5 }),
    ];
    await world.loops.forecasts.drain();
    expect(await read(silent)).to.deep.include({ basis: 'no_sales', sold: 0, hours: null });
    for (const eventId of hidden) expect(await read(eventId)).to.equal(undefined);
  });

  it('learn from finished sales, measured over held-out ones beside the naive forecast', async () => {
    const lengths = [10, 14, 20, 27, 31].map((days) => days * DAY_HOURS);
    for (const hours of lengths) {
      await makeEvent({
        ...{ openedAgo: 40 * DAY_HOURS, startsIn: -1, tickets: SEATS },
        hourOf: accelerating(hours),
      });
    }
    const total = 18 * DAY_HOURS;
    const openedAgo = accelerating(total)(0.5);
    const eventId = await makeEvent({
      ...{ openedAgo, startsIn: 60 * DAY_HOURS, tickets: 50, hourOf: accelerating(total) },
    });
    await world.loops.forecasts.drain();
    const row = await read(eventId);
    expect(row).to.deep.include({ basis: 'similar_events', similar_events: 5, chance: 100 });
    const truth = total - openedAgo;
    expect(row?.hours).to.be.closeTo(truth, truth * 0.05);
    expect(row?.naive).to.be.within(truth * 1.2, truth * 1.6);
    expect(row?.earliest).to.be.at.most(row?.hours ?? 0);
    expect(row?.latest).to.be.at.least(row?.hours ?? 9e9);
    expect(row?.held_out).to.equal(5);
    expect(row?.error).to.be.below(row?.naive_error ?? 0);
  });

  it('give the moment of a sell-out that has been, and learn from it', async () => {
    const eventId = await makeEvent({
      ...{ openedAgo: 100, startsIn: 900, tickets: SEATS, hourOf: accelerating(60) },
    });
    const count = async () =>
      (
        await world.rows<{ n: number }>('select count(*)::int as n from projections.sales_curves')
      )[0]?.n ?? 0;
    const before = await count();
    await world.loops.forecasts.drain();
    const row = await read(eventId);
    expect(row).to.deep.include({ basis: 'sold_out', sold: SEATS, naive: null });
    expect(row?.hours).to.be.closeTo(-40, 0.1);
    expect(await count()).to.equal(before + 1);
    await world.loops.forecasts.drain();
    expect(await count()).to.equal(before + 1);
  });

  it('are made by one instance at a time: another passes by', async () => {
    const other = await world.owner.connect();
    const last = async () =>
      (
        await world.rows('select max(computed_at)::text as at from projections.sellout_forecasts')
      )[0];
    try {
      await other.query('begin');
      await other.query('select pg_advisory_xact_lock(4023)');
      const before = await last();
      await world.loops.forecasts.drain();
      expect(await last()).to.deep.equal(before);
      await other.query('rollback');
      await world.loops.forecasts.drain();
      expect(await last()).not.to.deep.equal(before);
    } finally {
      other.release();
    }
  });
});
