import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { expect } from 'chai';
import { sql } from 'drizzle-orm';
import { makeFirstTicketKey } from '../src/operations/change-ticket-keys.ts';
import { reissueTickets } from '../src/operations/reissue-tickets.ts';
import { lockBookings } from '../src/stores/bookings.ts';
import { isGenuine, readCode } from '../src/tickets/code.ts';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

describe('scanners without a connection', () => {
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

  async function sell(seatIds = ['A-1'], eventId = newId()) {
    const buyer = await world.login();
    const offer = makeOffer(buyer.userId, { eventId, seats: seatIds.map((id) => makeSeat(id)) });
    const { bookingId } = (await buyer.book(await world.signOffer(offer))).body.booking;
    const { seats } = await buyer.outcome(bookingId);
    const ticketIds: string[] = seats.map(({ ticketId }: { ticketId: string }) => ticketId);
    return { buyer, bookingId, eventId, ticketIds, ticketId: ticketIds[0] ?? '' };
  }
  type Sold = Awaited<ReturnType<typeof sell>>;
  const payloadOf = async ({ buyer, ticketId }: Pick<Sold, 'buyer' | 'ticketId'>) =>
    (await buyer.get(`/api/tickets/${ticketId}`)).body.ticket.payload as string;
  const keysOf = async (): Promise<JsonWebKey[]> =>
    (await scanner.send('GET', '/api/tickets/keys', undefined, { authorization: '' })).body.keys;

  describe('verify', () => {
    it('a code by the published keys alone', async () => {
      const code = readCode(await payloadOf(await sell()));
      const jwk = (await keysOf()).find(({ kid }) => kid === code?.kid);
      if (code === undefined || jwk === undefined) throw new Error('the key is not published');
      expect(isGenuine(code, createPublicKey({ key: jwk, format: 'jwk' }))).to.equal(true);
    });

    it('codes by one key, however many instances start at once', async () => {
      const { postgres } = await world.service.ready;
      await world.rows('delete from ticket_keys');
      await Promise.all([1, 2, 3, 4].map(() => makeFirstTicketKey(postgres.db)));
      expect((await keysOf()).length).to.equal(1);
    });

    it('codes of the key before and after it was changed; the new one is published before it signs', async () => {
      const sold = await sell();
      const before = await payloadOf(sold);
      const rotated = await admin.post('/api/admin/ticket-keys', { reason: 'a test' });
      expect(rotated.status).to.equal(201);
      expect(rotated.body.keys[0]).to.include({ isSigning: false, revokedAt: null });
      expect(await payloadOf(sold), 'within the hour').to.equal(before);
      expect((await keysOf()).map(({ kid }) => kid)).to.include(rotated.body.keys[0].kid);
      await admin.post('/api/admin/ticket-keys', { reason: 'a test', signsInMinutes: 0 });
      const after = await payloadOf(sold);
      expect(readCode(after)?.kid).to.not.equal(readCode(before)?.kid);
      expect(await enter(sold, before)).to.equal(200);
    });

    it('no code of a revoked key, which is not published any more; tickets show others', async () => {
      const sold = await sell();
      const before = await payloadOf(sold);
      const kid = readCode(before)?.kid ?? '';
      const path = `/api/admin/ticket-keys/${kid}/revoke`;
      const { keys } = (await admin.post(path, { reason: 'lost' })).body;
      expect(keys.filter(({ isSigning }: { isSigning: boolean }) => isSigning).length).to.equal(1);
      expect((await keysOf()).map((key) => key.kid)).to.not.include(kid);
      expect((await admin.post(path, { reason: 'lost' })).body.keys).to.deep.equal(keys);
      expect(await enter(sold, before)).to.equal(409);
      expect(await enter(sold, await payloadOf(sold))).to.equal(200);
      const entries = await world.rows(
        `select action, reason from audit_entries
         where aggregate_type = 'ticket_key' and metadata ->> 'kid' = $1 order by seq desc limit 1`,
        [kid],
      );
      expect(entries).to.deep.equal([{ action: 'ticket_key.revoked', reason: 'lost' }]);
    });

    it('by keys that only admins change', async () => {
      const paths = ['/api/admin/ticket-keys', '/api/admin/ticket-keys/00000000/revoke'];
      for (const path of paths) {
        const body = { reason: 'x' };
        expect((await scanner.send('POST', path, body, { authorization: '' })).status).to.equal(
          401,
        );
        expect((await scanner.post(path, body)).status, path).to.equal(403);
      }
      expect((await scanner.get('/api/admin/ticket-keys')).status).to.equal(403);
      const unknown = await admin.post(paths[1] ?? '', { reason: 'x' });
      expect(unknown.body.code).to.equal('ticket_key_not_found');
    });

    const enter = async ({ eventId }: Sold, payload: string) =>
      (await scanner.post('/api/check-in', { payload, eventId, gate: 'North' })).status;
  });

  describe('hand in their scans', () => {
    const scanAt = (payload: string, minute: number, direction = 'entry') => ({
      scanId: newId(),
      payload,
      direction,
      scannedAt: `2027-03-14T18:${String(minute).padStart(2, '0')}:00.000Z`,
    });
    const handIn = async (eventId: string, scans: object[], gate = 'North') => {
      const answer = await scanner.post('/api/check-in/batch', { eventId, gate, scans });
      expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
      return answer.body.results;
    };

    it('which are stored in the order they were made, with their own instants', async () => {
      const sold = await sell();
      const payload = await payloadOf(sold);
      const scans = [scanAt(payload, 30, 'exit'), scanAt(payload, 10)];
      const results = await handIn(sold.eventId, scans);
      expect(results.map(({ outcome }: { outcome: string }) => outcome)).to.deep.equal([
        'stored',
        'stored',
      ]);
      expect(results[0].checkIn).to.include({ passage: 2, direction: 'exit' });
      expect(results[1].checkIn).to.include({ passage: 1, scannedAt: '2027-03-14T18:10:00.000Z' });
      expect(results[1].checkIn.at).to.not.equal(results[1].checkIn.scannedAt);
      const again = await handIn(sold.eventId, scans);
      expect(again.map(({ outcome }: { outcome: string }) => outcome)).to.deep.equal([
        'repeated',
        'repeated',
      ]);
      expect(again[0].checkIn).to.deep.equal(results[0].checkIn);
    });

    it('of which, for one ticket at two gates, the first stored has it, and the other is told', async () => {
      const sold = await sell();
      const payload = await payloadOf(sold);
      const [late] = await handIn(sold.eventId, [scanAt(payload, 20)], 'South');
      const [early] = await handIn(sold.eventId, [scanAt(payload, 10)], 'West');
      expect(late.outcome).to.equal('stored');
      expect(early).to.include({ outcome: 'refused', code: 'ticket_inside', gate: 'South' });
      expect(early.since).to.equal(late.checkIn.at);
    });

    it('each for itself: what is refused leaves the others alone', async () => {
      const sold = await sell();
      const results = await handIn(sold.eventId, [
        scanAt('nonsense', 5),
        scanAt(await payloadOf(sold), 10),
      ]);
      expect(results.map(({ outcome }: { outcome: string }) => outcome)).to.deep.equal([
        'refused',
        'stored',
      ]);
    });

    it('with instants that are on a calendar: what no store could keep is refused', async () => {
      const { eventId } = await sell();
      for (const scannedAt of ['2027-02-31T18:00:00Z', '0000-01-01T18:00:00Z']) {
        const scans = [{ ...scanAt('nonsense', 5), scannedAt }];
        const answer = await scanner.post('/api/check-in/batch', { eventId, gate: 'North', scans });
        expect([answer.status, answer.body.code]).to.deep.equal([400, 'invalid_request']);
      }
    });
  });

  describe('know which tickets were revoked', () => {
    type Page = {
      tickets: { ticketId: string; validFromEpoch: number | null }[];
      next: string;
      more: boolean;
    };
    const revoked = async (eventId: string, query = ''): Promise<Page> =>
      (await scanner.get(`/api/check-in/events/${eventId}/revoked-tickets${query}`)).body;
    const reissue = async (tx: Transaction, { bookingId, ticketId }: Sold) => {
      await lockBookings(tx, [bookingId]);
      const wanted = [{ ticketId, holderId: newId() }];
      return reissueTickets(tx, wanted, systemOrigin('test', newId()));
    };
    const cancel = ({ bookingId }: Sold) =>
      admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'a test' });

    it('those void and those passed on, page by page; live ones are not among them', async () => {
      const { postgres } = await world.service.ready;
      const eventId = newId();
      const gone = await sell(['B-1', 'B-2'], eventId);
      const passed = await sell(['B-3'], eventId);
      await sell(['B-4'], eventId);
      await cancel(gone);
      await postgres.db.transaction((tx) => reissue(tx, passed));
      const first = await revoked(eventId, '?limit=2');
      expect(first.more).to.equal(true);
      const second = await revoked(eventId, `?limit=2&since=${first.next}`);
      expect(second.more).to.equal(false);
      const listed = [...first.tickets, ...second.tickets].map(({ ticketId, validFromEpoch }) => ({
        ticketId,
        validFromEpoch,
      }));
      expect(listed).to.have.deep.members([
        ...gone.ticketIds.map((ticketId) => ({ ticketId, validFromEpoch: null })),
        { ticketId: passed.ticketId, validFromEpoch: 2 },
      ]);
      expect(listed.length).to.equal(3);
    });

    it('also one whose transaction began before the list was read and committed after', async () => {
      const { postgres } = await world.service.ready;
      const eventId = newId();
      const slow = await sell(['C-1'], eventId);
      const quick = await sell(['C-2'], eventId);
      const written = Promise.withResolvers<void>();
      const read = Promise.withResolvers<void>();
      const late = postgres.db.transaction(async (tx) => {
        await reissue(tx, slow);
        written.resolve();
        await read.promise;
      });
      await written.promise;
      await cancel(quick);
      const before = await revoked(eventId);
      expect(before.tickets.map(({ ticketId }) => ticketId)).to.deep.equal([quick.ticketId]);
      read.resolve();
      await late;
      const after = await revoked(eventId, `?since=${before.next}`);
      expect(after.tickets.map(({ ticketId }) => ticketId)).to.include(slow.ticketId);
    });

    it('also one whose transaction had waited for longer than a reader goes back', async () => {
      const { postgres } = await world.service.ready;
      const sold = await sell(['D-1']);
      await postgres.db.transaction(async (tx) => {
        const { rows: began } = await tx.execute<{ at: string }>(sql`select now() as at`);
        await tx.execute(sql`select pg_sleep(0.05)`);
        await reissue(tx, sold);
        const { rows } = await tx.execute<{ late: boolean; limit: string }>(sql`
          select revoked_at >= ${began[0]?.at}::timestamptz + interval '50 ms' as late,
            current_setting('transaction_timeout') as limit
          from tickets where id = ${sold.ticketId}`);
        expect(rows, 'its instant is its own, and it has to commit soon').to.deep.equal([
          { late: true, limit: '45s' },
        ]);
      });
      await postgres.db.transaction(async (tx) => {
        const { rows } = await tx.execute(
          sql`select current_setting('transaction_timeout') as limit`,
        );
        expect(rows, 'of others nothing is asked').to.deep.equal([{ limit: '0' }]);
      });
    });

    it('by a cursor of this list only', async () => {
      const february31 = '2027-02-31T00:00:00Z';
      const cursors = [
        ['now', 'x', null],
        [february31, newId(), null],
        ['2027-02-01T00:00:00Z', newId(), february31],
        ['0000-01-01T00:00:00Z', newId(), null],
      ].map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'));
      for (const since of ['x', ...cursors]) {
        const path = `/api/check-in/events/${newId()}/revoked-tickets?since=${since}`;
        const answer = await scanner.get(path);
        expect(answer.status).to.equal(400);
        expect(answer.body.code).to.equal('invalid_request');
      }
    });
  });
});
