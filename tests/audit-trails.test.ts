import { followChains, renderChains } from '@holdfast/auditor/chains.ts';
import { openSources, type Sources } from '@holdfast/auditor/sources.ts';
import { bookingTimeline, renderTimeline, seatTimeline } from '@holdfast/auditor/timelines.ts';
import { expectSuccess } from '@holdfast/demo/api.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import pg from 'pg';
import {
  createEvent,
  freeSeats,
  placeBooking,
  registerBuyer,
  type System,
  sharedSystem,
} from './system.ts';

describe('audit trails', () => {
  let system: System;
  let sources: Sources;
  /** Ignores triggers, as a hand with full rights could. */
  let owner: pg.Client;
  let eventId: string;
  let seatId: string;
  let bookingId: string;

  before(async () => {
    system = await sharedSystem();
    const { env } = system.stack;
    sources = await openSources({ env: { ...env }, urls: system.services.urls });
    owner = new pg.Client({ connectionString: system.bookingUrl });
    await owner.connect();
    await owner.query('set session_replication_role = replica');
    eventId = await createEvent(system, 3);
    [seatId = ''] = await freeSeats(system.api, eventId);
    bookingId = await buy(seatId);
  });
  after(async () => {
    await owner?.end();
    await sources?.close();
  });

  async function buy(seat: string): Promise<string> {
    const token = await registerBuyer(system.api);
    const bought = await placeBooking(system, { token, eventId, seatIds: [seat] });
    await waitUntil(
      'the seat to be sold',
      async () => (await sources.seats.findOne({ _id: `${eventId}:${seat}` }))?.status === 'sold',
      { limitMs: 30_000 },
    );
    return bought;
  }

  /** Changes an entry of the booking's chain by hand while `check` looks, and puts it back. */
  async function withAltered(
    changes: string[],
    check: (report: Awaited<ReturnType<typeof followChains>>) => void,
  ): Promise<void> {
    const table = 'create temporary table kept as select * from audit_entries where aggregate_id';
    await owner.query(`${table} = '${bookingId}'`);
    try {
      for (const change of changes) await owner.query(change, [bookingId]);
      check(await followChains(sources));
    } finally {
      await owner.query('delete from audit_entries where aggregate_id = $1', [bookingId]);
      await owner.query('insert into audit_entries select * from kept');
      await owner.query('drop table kept');
    }
    expect(await followChains(sources), 'mended').to.deep.include({ ok: true, faults: [] });
  }

  it('finds every chain whole when nobody touched one', async () => {
    const report = await followChains(sources);
    expect(report).to.deep.include({ ok: true, faults: [] });
    expect(report.entries).to.be.greaterThan(report.chains);
    expect(renderChains(report)).to.match(/^Every audit chain is whole: [\d,]+ entries/);
  });

  it('names the first altered entry, though later ones were altered too', async () => {
    await withAltered(
      [`update audit_entries set actor = 'user:nobody' where aggregate_id = $1 and seq in (2, 3)`],
      (report) => {
        expect(report.faults).to.have.length(1);
        expect(report.faults[0]).to.deep.include({
          store: 'booking',
          aggregateType: 'booking',
          aggregateId: bookingId,
          seq: 2,
          fault: 'was altered',
        });
        expect(renderChains(report)).to.include(`First: booking: booking ${bookingId}, entry 2`);
      },
    );
  });

  it('finds an entry that was hashed anew by the one that follows it, or by the head', async () => {
    const anew = (seq: string) => [
      `update audit_entries set reason = 'x' where aggregate_id = $1 and seq = ${seq}`,
      `update audit_entries e set hash = audit_hash(e) where aggregate_id = $1 and seq = ${seq}`,
    ];
    await withAltered(anew('2'), ({ faults }) => {
      expect(faults[0]?.seq).to.equal(3);
      expect(faults[0]?.fault).to.include('that one was altered and hashed anew');
    });
    const last = `(select max(seq) from audit_entries where aggregate_id = $1)`;
    await withAltered(anew(last), ({ faults }) =>
      expect(faults[0]?.fault).to.equal('is the last, and was altered and hashed anew'),
    );
  });

  it('finds a missing entry and a cut tail', async () => {
    await withAltered(
      ['delete from audit_entries where aggregate_id = $1 and seq = 2'],
      ({ faults }) =>
        expect(faults[0]).to.deep.include({ seq: 3, fault: 'follows a missing entry' }),
    );
    await withAltered(
      ['delete from audit_entries where aggregate_id = $1 and seq >= 3'],
      ({ faults }) => {
        expect(faults[0]?.seq).to.equal(2);
        expect(faults[0]?.fault).to.match(/^is the last here; the head of the chain says \d/);
      },
    );
  });

  it('tells of a booking all that its service keeps', async () => {
    const timeline = await bookingTimeline(sources, bookingId);
    expect(timeline.now).to.include(`${bookingId} of account`).and.include('is confirmed');
    expect(timeline.happenings.map(({ action }) => action)).to.include.members([
      'booking.placed',
      'provider.capture_succeeded',
      'ticket.live',
    ]);
    expect(renderTimeline(timeline)).to.match(/booking\.confirmed .* capturing -> confirmed/);
  });

  it('tells of a seat over both stores: its holds, then its booking and ticket, none of other seats', async () => {
    await buy((await freeSeats(system.api, eventId))[0] ?? '');
    const { now, happenings } = await seatTimeline(sources, { eventId, seatId });
    expect(now).to.equal(`seat ${seatId} of event ${eventId} is sold, version 4`);
    const steps = happenings.map(({ store, subject, after }) => [
      store,
      subject.split(' ')[0],
      after,
    ]);
    expect(
      steps.filter(([store]) => store === 'catalog').map(([, , after]) => after),
    ).to.deep.equal(['held', 'pinned', 'confirmed']);
    expect(steps.filter(([, subject]) => subject === 'ticket')).to.deep.equal([
      ['booking', 'ticket', 'reserved'],
      ['booking', 'ticket', 'live'],
    ]);
    expect(new Set(happenings.map(({ subject }) => subject)).size).to.equal(3);
  });

  it('tells of a booking of several holds what became of each, and of a seat of the further one', async () => {
    const event = await createEvent(system, 3);
    const token = await registerBuyer(system.api);
    const seatIds = (await freeSeats(system.api, event)).slice(0, 2);
    const taken = [];
    for (const seat of seatIds) {
      const path = `/api/events/${event}/holds`;
      const body = { seatIds: [seat] };
      const held = await system.api.post<{ hold: { holdId: string; offer: string } }>(path, body, {
        token,
      });
      taken.push(expectSuccess('The hold', held).hold);
    }
    const placed = await system.api.post<{ booking: { bookingId: string } }>(
      '/api/bookings',
      { offers: taken.map(({ offer }) => offer), paymentMethod: 'pm_card_visa' },
      { token },
    );
    const id = expectSuccess('The booking', placed).booking.bookingId;
    await waitUntil('the seats to be sold', async () => {
      const path = `/api/events/${event}/seats?status=sold`;
      return (await system.api.get<{ seats: object[] }>(path)).body.seats.length === 2;
    });
    const { happenings } = await bookingTimeline(sources, id);
    for (const { holdId } of taken) {
      const steps = happenings.filter(({ subject }) => subject === `hold ${holdId}`);
      expect(steps.map(({ after }) => after)).to.deep.equal(['held', 'pinned', 'confirmed']);
    }
    const [, further] = taken;
    const ofSeat = await seatTimeline(sources, { eventId: event, seatId: seatIds[1] ?? '' });
    const subjects = ofSeat.happenings.map(({ subject }) => subject);
    expect(subjects).to.include.members([`hold ${further?.holdId}`, `booking ${id}`]);
    expect(subjects).to.not.include(`hold ${taken[0]?.holdId}`);
  });
});
