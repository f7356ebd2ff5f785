import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { eventCreated, eventUpdated } from '@holdfast/shared/contracts/events.ts';
import { holdPinned } from '@holdfast/shared/contracts/holds.ts';
import type { MovedBooking } from '@holdfast/shared/contracts/moved-bookings.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

const FIRST = '2027-03-14T18:30:00.000Z';
const SECOND = '2027-04-18T17:30:00.000Z';
const THIRD = '2027-05-02T17:30:00.000Z';

describe('an event that is moved', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
  });
  after(() => world?.stop());

  it('keeps the tickets, tells each buyer once, and lets them cancel free of charge', async () => {
    const { eventId, bookingId } = await sell();
    await world.catalog.publishEvent(eventUpdated, { eventId, startsAt: SECOND }, 2);
    await sweepEnds(eventId, 2);
    const booking = (await buyer.get(`/api/bookings/${bookingId}`)).body.booking;
    expect(booking).to.include({ status: 'confirmed', startsAt: SECOND });
    expect(booking.seats.map((seat: { ticketStatus: string }) => seat.ticketStatus)).to.deep.equal([
      'live',
      'live',
    ]);
    const [told, ...again] = await tellings(bookingId, 1);
    expect(again).to.deep.equal([]);
    expect(told).to.deep.equal({
      bookingId,
      eventId,
      userId: buyer.userId,
      eventName: 'Beethoven: the late quartets',
      venueName: 'Kammersaal am Fluss',
      timeZone: 'Europe/Vienna',
      cause: 'rescheduled',
      oldStartsAt: FIRST,
      newStartsAt: SECOND,
      freeCancelUntil: booking.freeCancelUntil,
    });
    const [sweep] = await world.rows<{ free_cancel_until: Date; days: number }>(
      `select free_cancel_until, extract(day from free_cancel_until - started_at)::int as days
       from event_sweeps where event_id = $1`,
      [eventId],
    );
    expect(sweep?.days).to.equal(14);
    expect(sweep?.free_cancel_until.toISOString()).to.equal(booking.freeCancelUntil);
  });

  it('tells of each further move once more, each from the start that the buyer knew', async () => {
    const { eventId, bookingId } = await sell();
    await world.catalog.publishEvent(eventUpdated, { eventId, status: 'postponed' }, 2);
    await sweepEnds(eventId, 2);
    await world.catalog.publishEvent(
      eventUpdated,
      { eventId, status: 'rescheduled', startsAt: SECOND },
      3,
    );
    await sweepEnds(eventId, 3);
    await world.catalog.publishEvent(
      eventUpdated,
      { eventId, status: 'rescheduled', startsAt: THIRD },
      4,
    );
    await sweepEnds(eventId, 4);
    const told = await tellings(bookingId, 3);
    expect(
      told.map(({ cause, oldStartsAt, newStartsAt }) => [cause, oldStartsAt, newStartsAt]),
    ).to.deep.equal([
      ['postponed', FIRST, FIRST],
      ['rescheduled', FIRST, SECOND],
      ['rescheduled', SECOND, THIRD],
    ]);
  });

  it('tells those who heard that it is postponed that it takes place after all, at the same start', async () => {
    const { eventId, bookingId } = await sell();
    await world.catalog.publishEvent(eventUpdated, { eventId, status: 'postponed' }, 2);
    await sweepEnds(eventId, 2);
    const moved = (startsAt: string, version: number) =>
      world.catalog.publishEvent(
        eventUpdated,
        { eventId, status: 'rescheduled', startsAt },
        version,
      );
    const holder = await world.owner.connect();
    try {
      // No batch is taken before both changes are known, so nobody hears of the first one.
      await holder.query('begin');
      await holder.query(
        `select pg_advisory_xact_lock(hashtextextended('sweep ' || $1::text, 0))`,
        [eventId],
      );
      await moved(SECOND, 3);
      await moved(FIRST, 4);
      await waitUntil('both changes', async () => (await sweepStates(eventId)).length === 3);
    } finally {
      await holder.query('commit');
      holder.release();
    }
    await sweepEnds(eventId, 4);
    const told = await tellings(bookingId, 2);
    expect(told.map(({ cause, newStartsAt }) => [cause, newStartsAt])).to.deep.equal([
      ['postponed', FIRST],
      ['rescheduled', FIRST],
    ]);
    const knowing = await sellOf(eventId, 'B-1', FIRST);
    await world.loops.lateBookings.runOnce();
    expect(await sweepStates(eventId)).to.deep.equal(['done', 'superseded', 'done']);
    expect(world.catalog.typesAbout(knowing)).to.not.include('booking.event_changed.v1');
  });

  it('tells a buyer whose checkout was under way once it has ended', async () => {
    const offer = makeOffer(buyer.userId);
    const { eventId } = offer;
    await world.catalog.publishEvent(eventCreated, { eventId, startsAt: FIRST }, 1);
    world.catalog.policies.set(offer.holdId, 'silent');
    const bookingId = await place(offer);
    const asked = await world.catalog.hears(bookingId, 'booking.authorized.v1');
    await world.catalog.publishEvent(eventUpdated, { eventId, startsAt: SECOND }, 2);
    await waitUntil('the sweep to begin', async () => (await sweepStates(eventId)).length === 1);
    await world.loops.eventSweeps.runOnce();
    expect(await sweepStates(eventId)).to.deep.equal(['running']);
    await world.bus.publish([world.catalog.holdMessage(holdPinned, asked.data as BookingState)]);
    await sweepEnds(eventId, 2);
    expect(await tellings(bookingId, 1)).to.have.length(1);
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed', startsAt: SECOND });
  });

  it('tells a buyer who booked an old hold after the sweep, and not one who knew the new start', async () => {
    const { eventId } = await sell();
    await world.catalog.publishEvent(eventUpdated, { eventId, startsAt: SECOND }, 2);
    await sweepEnds(eventId, 2);
    const late = await sellOf(eventId, 'B-1', FIRST);
    const knowing = await sellOf(eventId, 'B-2', SECOND);
    await world.loops.lateBookings.runOnce();
    const [told] = await tellings(late, 1);
    expect(told).to.include({ oldStartsAt: FIRST, newStartsAt: SECOND });
    await sweepEnds(eventId, 2);
    expect(world.catalog.typesAbout(knowing)).to.not.include('booking.event_changed.v1');
    expect((await buyer.get(`/api/bookings/${knowing}`)).body.booking).to.include({
      startsAt: SECOND,
      freeCancelUntil: null,
    });
    await world.loops.lateBookings.runOnce();
    expect(await sweepStates(eventId)).to.deep.equal(['done']);
    const steps = await world.rows<{ action: string }>(
      `select action from audit_entries e join event_sweeps s on s.id = e.aggregate_id
       where e.aggregate_type = 'event_sweep' and s.event_id = $1 order by e.seq`,
      [eventId],
    );
    expect(steps.map(({ action }) => action.split('.')[1])).to.deep.equal([
      ...['started', 'done', 'resumed', 'done'],
    ]);
  });

  async function sellOf(eventId: string, seat: string, startsAt: string): Promise<string> {
    const seats = [makeSeat(seat)];
    const bookingId = await place(makeOffer(buyer.userId, { eventId, seats, startsAt }));
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
    return bookingId;
  }

  async function place(offer = makeOffer(buyer.userId)): Promise<string> {
    const answer = await buyer.book(await world.signOffer(offer));
    expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
    return answer.body.booking.bookingId;
  }

  async function sell() {
    const offer = makeOffer(buyer.userId, { startsAt: FIRST });
    const { eventId } = offer;
    await world.catalog.publishEvent(eventCreated, { eventId, startsAt: FIRST }, 1);
    const bookingId = await place(offer);
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
    return { eventId, bookingId };
  }

  const sweepStates = async (eventId: string) =>
    (
      await world.rows<{ state: string }>(
        'select state from event_sweeps where event_id = $1 order by event_version',
        [eventId],
      )
    ).map(({ state }) => state);

  const sweepEnds = (eventId: string, version: number) =>
    waitUntil(`the sweep of version ${version} to end`, async () => {
      const rows = await world.rows(
        `select from event_sweeps where event_id = $1 and event_version = $2 and state = 'done'`,
        [eventId, version],
      );
      return rows.length === 1;
    });

  /** What the buyer is told of moves, each message once, when so many have come. */
  async function tellings(bookingId: string, count: number): Promise<MovedBooking[]> {
    return waitUntil(`${count} messages of moves`, () => {
      const told = world.catalog
        .about(bookingId)
        .filter(({ type }) => type === 'booking.event_changed.v1');
      const byId = new Map(told.map((message) => [message.id, message.data as MovedBooking]));
      return byId.size >= count ? [...byId.values()] : undefined;
    });
  }
});
