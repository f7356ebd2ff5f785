import { eventCreated } from '@holdfast/shared/contracts/events.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { reissueTickets } from '../src/operations/reissue-tickets.ts';
import { lockBookings } from '../src/stores/bookings.ts';
import { ADMISSIONS } from './admissions.ts';
import { makeOffer } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

describe('check-in', () => {
  let world: World;
  let scanner: Client;
  let admin: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    scanner = await world.login(['user', 'scanner']);
    admin = await world.login(['user', 'admin']);
  });
  after(() => world?.stop());

  async function sell() {
    const buyer = await world.login();
    const offer = makeOffer(buyer.userId);
    const answer = await buyer.book(await world.signOffer(offer));
    const { bookingId } = answer.body.booking;
    const { seats } = await buyer.outcome(bookingId);
    const ticketId: string = seats[0].ticketId;
    const { payload } = (await buyer.get(`/api/tickets/${ticketId}`)).body.ticket;
    return { buyer, bookingId, ticketId, eventId: offer.eventId, payload, seats };
  }
  type Sold = Awaited<ReturnType<typeof sell>>;
  type Where = { gate?: string; direction?: 'entry' | 'exit'; key?: string };
  const scan = ({ payload, eventId }: Sold, { gate = 'North 2', direction, key }: Where = {}) =>
    scanner.post(
      '/api/check-in',
      { payload, eventId, gate, ...(direction && { direction }) },
      key ? { 'idempotency-key': key } : {},
    );
  const rowOf = async (ticketId: string) =>
    (
      await world.rows<{ passages: number; is_inside: boolean; status: string }>(
        'select passages, is_inside, status from tickets where id = $1',
        [ticketId],
      )
    )[0];

  it('lets in, out and in again, each with its passage, audit entry and message', async () => {
    const sold = await sell();
    const entry = await scan(sold);
    expect(entry.status, JSON.stringify(entry.body)).to.equal(200);
    expect(entry.body.checkIn).to.deep.include({
      ticketId: sold.ticketId,
      eventId: sold.eventId,
      seatId: sold.seats[0].seatId,
      direction: 'entry',
      gate: 'North 2',
      passage: 1,
      scannedAt: null,
    });
    expect((await scan(sold, { direction: 'exit' })).body.checkIn).to.include({ passage: 2 });
    expect((await scan(sold, { gate: 'South' })).body.checkIn).to.include({ passage: 3 });
    const actions = await world.rows<{ action: string; actor: string; version: number }>(
      `select action, actor from audit_entries where aggregate_id = $1 and action like '%checked%'
       order by seq`,
      [sold.ticketId],
    );
    const actor = `user:${scanner.userId}`;
    expect(actions).to.deep.equal([
      { action: 'ticket.checked_in', actor },
      { action: 'ticket.checked_out', actor },
      { action: 'ticket.checked_in', actor },
    ]);
    const heard = await waitUntil('three messages of the ticket', () => {
      const found = world.catalog.aboutTicket(sold.ticketId);
      return found.length >= 3 ? found : undefined;
    });
    expect(heard.map(({ type, version, data }) => ({ type, version, ...data }))).to.containSubset([
      { type: 'ticket.checked_in.v1', version: 3, passage: 1, gate: 'North 2' },
      { type: 'ticket.checked_out.v1', version: 4, passage: 2 },
      { type: 'ticket.checked_in.v1', version: 5, passage: 3, gate: 'South' },
    ]);
  });

  it('refuses a second entry, and says since when and where somebody is inside', async () => {
    const sold = await sell();
    const { at } = (await scan(sold, { gate: 'West' })).body.checkIn;
    const again = await scan(sold, { gate: 'East' });
    expect(again.status).to.equal(409);
    expect(again.body).to.include({ code: 'ticket_inside', gate: 'West', since: at });
    expect(await rowOf(sold.ticketId)).to.include({ passages: 1 });
  });

  it('answers a repeated scan again, and refuses its key for another scan', async () => {
    const sold = await sell();
    const key = newId();
    const first = await scan(sold, { key });
    const again = await scan(sold, { key });
    expect(again.body).to.deep.equal(first.body);
    expect(again.headers.get('idempotent-replayed')).to.equal('true');
    await scan(sold, { direction: 'exit' });
    expect((await scan(sold, { key })).body, 'late, after the exit').to.deep.equal(first.body);
    expect((await scan(sold, { key, gate: 'South' })).body.code).to.equal('idempotency_key_reused');
    expect(await rowOf(sold.ticketId)).to.include({ passages: 2, is_inside: false });
  });

  for (const { what, direction, ticket, code } of ADMISSIONS) {
    it(`by the store ${code === undefined ? 'lets pass' : `refuses as ${code}`}: ${what}`, async () => {
      const sold = await sell();
      if (ticket.isInside) await scan(sold);
      if (ticket.status) {
        await world.rows('update tickets set status = $1 where id = $2', [
          ticket.status,
          sold.ticketId,
        ]);
      }
      if (ticket.epoch) await passOn(sold);
      if (ticket.isEventCancelled) await cancelEvent(sold.eventId);
      if (ticket.isKeyRevoked) await revokeKeys();
      const before = (await rowOf(sold.ticketId))?.passages;
      const answer = await scan(sold, { direction });
      expect(answer.body.code).to.equal(code);
      const passed = code === undefined ? 1 : 0;
      expect((await rowOf(sold.ticketId))?.passages).to.equal((before ?? 0) + passed);
    });
  }

  it('refuses what is no code, is altered, by an unknown key, or for another event', async () => {
    const sold = await sell();
    const altered = `${sold.payload.slice(0, 40)}${sold.payload[40] === 'A' ? 'B' : 'A'}${sold.payload.slice(41)}`;
    const foreign = `HF1:${sold.payload.slice(4, 6) === '00' ? '11' : '00'}${sold.payload.slice(6)}`;
    for (const payload of ['https://example.org', altered, foreign]) {
      const answer = await scan({ ...sold, payload });
      expect(answer.status).to.equal(422);
      expect(answer.body.code).to.equal('ticket_code_invalid');
    }
    const elsewhere = await scan({ ...sold, eventId: newId() });
    expect(elsewhere.body).to.include({ code: 'ticket_other_event', eventId: sold.eventId });
    expect(await rowOf(sold.ticketId)).to.include({ passages: 0 });
  });

  it('requires a login and the role of a scanner, at each address', async () => {
    const sold = await sell();
    const nobody = await world.login();
    const event = `/api/check-in/events/${sold.eventId}`;
    const body = { payload: sold.payload, eventId: sold.eventId, gate: 'North' };
    const asked = [
      ['POST', '/api/check-in', body],
      ['POST', '/api/check-in/batch', { eventId: sold.eventId, gate: 'North', scans: [] }],
      ['GET', event, undefined],
      ['GET', `${event}/revoked-tickets`, undefined],
    ] as const;
    for (const [method, path, sent] of asked) {
      expect((await nobody.send(method, path, sent, { authorization: '' })).status).to.equal(401);
      expect((await nobody.send(method, path, sent)).status, path).to.equal(403);
    }
    expect(await rowOf(sold.ticketId)).to.include({ passages: 0 });
  });

  it('counts those who came, in all and by gate, for its own organizer and no other', async () => {
    const sold = await sell();
    await scan(sold, { gate: 'A' });
    await scan(sold, { gate: 'B', direction: 'exit' });
    await scan(sold, { gate: 'B' });
    const organizer = await world.login(['user', 'organizer']);
    const stranger = await world.login(['user', 'organizer']);
    await world.catalog.publishEvent(
      eventCreated,
      { eventId: sold.eventId, ownerId: organizer.userId },
      1,
    );
    const counts = await waitUntil('the event to be known', async () => {
      const answer = await organizer.get(`/api/check-in/events/${sold.eventId}`);
      return answer.status === 200 && answer;
    });
    const refusal = await stranger.get(`/api/check-in/events/${sold.eventId}`);
    expect(refusal.status).to.equal(403);
    expect((await scanner.get(`/api/check-in/events/${sold.eventId}`)).body).to.deep.equal(
      counts.body,
    );
    expect(counts.body).to.deep.equal({
      live: 2,
      entered: 1,
      inside: 1,
      gates: [
        { gate: 'A', entries: 1, exits: 0 },
        { gate: 'B', entries: 1, exits: 1 },
      ],
    });
  });

  async function passOn({ bookingId, ticketId }: Sold): Promise<void> {
    const { postgres } = await world.service.ready;
    await postgres.db.transaction(async (tx) => {
      await lockBookings(tx, [bookingId]);
      const wanted = [{ ticketId, holderId: newId() }];
      await reissueTickets(tx, wanted, systemOrigin('test', newId()));
    });
  }
  async function revokeKeys(): Promise<void> {
    const { keys } = (await admin.get('/api/admin/ticket-keys')).body;
    const signing = keys.find(({ isSigning }: { isSigning: boolean }) => isSigning);
    await admin.post(`/api/admin/ticket-keys/${signing.kid}/revoke`, { reason: 'a test' });
  }
  async function cancelEvent(eventId: string): Promise<void> {
    // Only the projection: its sweep, which voids the tickets, waits for a message.
    await world.rows(
      `insert into events (event_id, name, venue_name, city, starts_at, time_zone, status, currency,
         version) values ($1, 'x', 'x', 'x', now(), 'UTC', 'cancelled', 'EUR', 1)`,
      [eventId],
    );
  }
});
