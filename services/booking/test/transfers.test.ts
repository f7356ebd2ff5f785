import { eventCreated } from '@holdfast/shared/contracts/events.ts';
import { NO_TERMS } from '@holdfast/shared/contracts/terms.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { buy, type Person, register } from './people.ts';
import { startWorld, type World } from './world.ts';

describe('transfers', () => {
  let world: World;
  let mara: Person;
  let jonas: Person;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    [mara, jonas] = await Promise.all([register(world, 'Mara'), register(world, 'Jonas')]);
  });
  after(() => world?.stop());

  const offer = (
    from: Person,
    bookingId: string,
    ticketIds: string[],
    to: string,
    headers: object = {},
  ) => from.post(`/api/bookings/${bookingId}/transfers`, { ticketIds, to }, headers);
  const accept = (by: Person, transferId: string, code: string) =>
    by.post(`/api/transfers/${transferId}/accept`, { code });
  const ticketsOf = (bookingId: string) =>
    world.rows<{ id: string; holder: string; epoch: number }>(
      'select id, holder_id as holder, epoch from tickets where booking_id = $1 order by id',
      [bookingId],
    );
  const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [
    status,
    body.code,
  ];

  /** An offer of all tickets of a fresh booking, from Mara to Jonas. */
  async function offered() {
    const { bookingId, ticketIds } = await buy(world, mara);
    const { status, body } = await offer(mara, bookingId, ticketIds, jonas.email);
    expect(status).to.equal(201);
    const { transferId } = body.transfer;
    return { bookingId, ticketIds, transferId, code: body.acceptCode };
  }
  const heldBy = async (person: Person) =>
    (await person.get('/api/tickets?limit=100')).body.tickets.map(
      (ticket: { ticketId: string }) => ticket.ticketId,
    );

  it('require a login', async () => {
    const id = newId();
    for (const [method, path] of [
      ['POST', `/api/bookings/${id}/transfers`],
      ['GET', '/api/transfers?role=sent'],
      ['GET', `/api/transfers/${id}`],
      ['POST', `/api/transfers/${id}/accept`],
      ['POST', `/api/transfers/${id}/decline`],
      ['POST', `/api/transfers/${id}/withdraw`],
      ['POST', `/api/transfers/${id}/code`],
      ['GET', '/api/tickets'],
    ]) {
      const { status } = await fetch(world.service.url + path, { method: method ?? '' });
      expect(status, `${method} ${path}`).to.equal(401);
    }
  });

  it('give the named tickets to who accepts, under a new epoch, and leave the others', async () => {
    const { bookingId, ticketIds } = await buy(world, mara);
    const [given = '', kept = ''] = ticketIds;
    const { body } = await offer(mara, bookingId, [given], jonas.email.toUpperCase());
    const { transferId } = body.transfer;
    expect(body.transfer).to.deep.include({ status: 'offered', to: jonas.email, fromName: 'Mara' });
    expect(await heldBy(mara)).to.include.members([given, kept]);
    const accepted = await accept(jonas, transferId, body.acceptCode);
    expect([accepted.status, accepted.body.transfer.status]).to.deep.equal([200, 'accepted']);
    expect(await heldBy(mara))
      .to.include(kept)
      .and.not.include(given);
    expect(await heldBy(jonas))
      .to.include(given)
      .and.not.include(kept);
    expect(await ticketsOf(bookingId)).to.have.deep.members([
      { id: given, holder: jonas.userId, epoch: 2 },
      { id: kept, holder: mara.userId, epoch: 1 },
    ]);
    const message = await world.catalog.hears(bookingId, 'transfer.accepted.v1');
    expect(message.data).to.deep.include({ toUserId: jonas.userId, fromName: 'Mara' });
    expect((message.data as { tickets: object[] }).tickets[0]).to.deep.include({ epoch: 2 });
  });

  it('show the new holder a ticket without its price, and the buyer what became of it', async () => {
    const { bookingId, transferId, code } = await offered();
    await accept(jonas, transferId, code);
    const { tickets } = (await jonas.get('/api/tickets')).body;
    expect(tickets[0]).to.deep.include({ bookingId, wasTransferred: true });
    expect(tickets[0]).to.not.have.property('priceMinor');
    const { ticket } = (await jonas.get(`/api/tickets/${tickets[0].ticketId}`)).body;
    expect(ticket).to.have.property('payload').that.is.a('string');
    expect(ticket).to.not.have.property('priceMinor');
    const { entries } = (await mara.get(`/api/bookings/${bookingId}/timeline`)).body;
    const actions = entries.map(({ action }: { action: string }) => action);
    expect(actions).to.include.members([
      'transfer.offered',
      'ticket.reissued',
      'transfer.accepted',
    ]);
    expect((await jonas.get(`/api/bookings/${bookingId}`)).status).to.equal(404);
  });

  it('keep the code out of tables, messages and later answers', async () => {
    const { bookingId, transferId, code } = await offered();
    const message = await world.catalog.hears(bookingId, 'transfer.offered.v1');
    const rows = await world.rows('select t::text from transfers t where id = $1', [transferId]);
    const answer = await mara.get(`/api/transfers/${transferId}`);
    for (const text of [message, rows, answer.body]) {
      expect(JSON.stringify(text)).to.include(jonas.email).and.not.include(code);
    }
  });

  it('need the code and the account that was named, and are not there for strangers', async () => {
    const { transferId, code } = await offered();
    const other = await register(world, 'Other');
    const unknown = Object.assign(await world.login(), { email: '' });
    const wrong = 'x'.repeat(43);
    expect(codeOf(await accept(other, transferId, code))).to.deep.equal([
      403,
      'transfer_not_addressee',
    ]);
    expect(codeOf(await accept(jonas, transferId, wrong))).to.deep.equal([
      403,
      'transfer_code_invalid',
    ]);
    expect(codeOf(await accept(unknown, transferId, code))).to.deep.equal([
      409,
      'account_not_known',
    ]);
    for (const attempt of [
      accept(other, transferId, wrong),
      other.get(`/api/transfers/${transferId}`),
      other.post(`/api/transfers/${transferId}/decline`),
      other.post(`/api/transfers/${transferId}/withdraw`),
      jonas.post(`/api/transfers/${transferId}/withdraw`),
      mara.post(`/api/transfers/${transferId}/decline`),
      jonas.post(`/api/transfers/${transferId}/code`),
    ]) {
      expect(codeOf(await attempt)).to.deep.equal([404, 'transfer_not_found']);
    }
    expect((await accept(jonas, transferId, code)).status).to.equal(200);
  });

  it('give further codes to their sender and to the service that mails, the last five good', async () => {
    const { transferId, code } = await offered();
    const mailer = await world.login(['service']);
    const codes = [code];
    for (const client of [mara, mailer, mailer, mailer, mailer]) {
      const { status, body } = await client.post(`/api/transfers/${transferId}/code`);
      expect(status).to.equal(201);
      codes.push(body.acceptCode);
    }
    expect(codeOf(await accept(jonas, transferId, codes[0]))[1]).to.equal('transfer_code_invalid');
    expect((await accept(jonas, transferId, codes[1])).status).to.equal(200);
    const over = await mailer.post(`/api/transfers/${transferId}/code`);
    expect(codeOf(over)).to.deep.equal([409, 'transfer_over']);
  });

  it('end once: declined or withdrawn they can not be accepted; a repeat is answered again', async () => {
    for (const [end, by] of [
      ['decline', jonas],
      ['withdraw', mara],
    ] as const) {
      const { bookingId, ticketIds, transferId, code } = await offered();
      const first = await by.post(`/api/transfers/${transferId}/${end}`);
      const again = await by.post(`/api/transfers/${transferId}/${end}`);
      expect(again.body).to.deep.equal(first.body);
      expect(codeOf(await accept(jonas, transferId, code))).to.deep.equal([409, 'transfer_over']);
      expect((await ticketsOf(bookingId)).map(({ epoch }) => epoch)).to.deep.equal([1, 1]);
      expect((await offer(mara, bookingId, ticketIds, jonas.email)).status).to.equal(201);
    }
  });

  it('answer a repeated acceptance again, and give the tickets once', async () => {
    const { bookingId, transferId, code } = await offered();
    const first = await accept(jonas, transferId, code);
    expect((await accept(jonas, transferId, code)).body).to.deep.equal(first.body);
    expect((await ticketsOf(bookingId)).map(({ epoch }) => epoch)).to.deep.equal([2, 2]);
  });

  it('go back from who accepted, who alone may pass the ticket on', async () => {
    const { bookingId, ticketIds, transferId, code } = await offered();
    await accept(jonas, transferId, code);
    const byBuyer = await offer(mara, bookingId, ticketIds, 'third@example.org');
    expect(codeOf(byBuyer)).to.deep.equal([409, 'ticket_transferred']);
    const { body } = await offer(jonas, bookingId, ticketIds, mara.email);
    expect((await accept(mara, body.transfer.transferId, body.acceptCode)).status).to.equal(200);
    expect((await ticketsOf(bookingId)).map(({ holder, epoch }) => [holder, epoch])).to.deep.equal([
      [mara.userId, 3],
      [mara.userId, 3],
    ]);
  });

  it('are refused to oneself, of others’ tickets, twice at a time and where the terms forbid', async () => {
    const { bookingId, ticketIds } = await buy(world, mara);
    const to = jonas.email;
    expect(codeOf(await offer(mara, bookingId, ticketIds, mara.email))).to.deep.equal([
      422,
      'transfer_to_self',
    ]);
    expect(codeOf(await offer(jonas, bookingId, ticketIds, to))).to.deep.equal([
      404,
      'ticket_not_found',
    ]);
    expect(codeOf(await offer(mara, newId(), ticketIds, to))).to.deep.equal([
      404,
      'booking_not_found',
    ]);
    await offer(mara, bookingId, ticketIds.slice(0, 1), to);
    expect(codeOf(await offer(mara, bookingId, ticketIds, to))).to.deep.equal([
      409,
      'transfer_open',
    ]);
    const bound = await buy(world, mara, { terms: { ...NO_TERMS, transferable: false } });
    expect(codeOf(await offer(mara, bound.bookingId, bound.ticketIds, to))).to.deep.equal([
      409,
      'ticket_not_transferable',
    ]);
  });

  it('are made fifty times a day of a booking, then the next day', async () => {
    const { bookingId, ticketIds, transferId } = await offered();
    await jonas.post(`/api/transfers/${transferId}/decline`);
    await world.rows(
      `insert into transfers (id, booking_id, event_id, from_user_id, to_email, status, code_hashes, expires_at)
       select uuidv7(), booking_id, event_id, from_user_id, to_email, 'withdrawn', '{}', expires_at
       from transfers, generate_series(2, 50) where id = $1`,
      [transferId],
    );
    const refusal = await offer(mara, bookingId, ticketIds, jonas.email);
    expect(codeOf(refusal)).to.deep.equal([429, 'too_many_requests']);
    await world.rows(
      `update transfers set created_at = created_at - interval '1 day' where id = $1`,
      [transferId],
    );
    expect((await offer(mara, bookingId, ticketIds, jonas.email)).status).to.equal(201);
  });

  it('are over when the event begins: none is offered then, and none open any longer', async () => {
    const { bookingId, ticketIds, eventId } = await buy(world, mara);
    const soon = new Date(Date.parse('2027-01-01T00:00:00Z')).toISOString();
    await world.catalog.publishEvent(eventCreated, { eventId, startsAt: soon }, 1);
    await waitUntil('booking to know the event', async () => {
      const known = await world.rows('select from events where event_id = $1', [eventId]);
      return known.length === 1;
    });
    await world.rows(
      `update events set starts_at = now() + interval '1 hour' where event_id = $1`,
      [eventId],
    );
    const { body } = await offer(mara, bookingId, ticketIds.slice(0, 1), jonas.email);
    expect(Date.parse(body.transfer.expiresAt)).to.equal(Date.parse(body.transfer.startsAt));
    await world.rows('update events set starts_at = now() where event_id = $1', [eventId]);
    const late = await accept(jonas, body.transfer.transferId, body.acceptCode);
    expect(codeOf(late)).to.deep.equal([409, 'event_started']);
    expect(codeOf(await offer(mara, bookingId, ticketIds.slice(1), jonas.email))).to.deep.equal([
      409,
      'event_started',
    ]);
  });

  it('are made once under an Idempotency-Key, which another request can not use', async () => {
    const { bookingId, ticketIds } = await buy(world, mara);
    const key = { 'idempotency-key': newId() };
    const first = await offer(mara, bookingId, ticketIds, jonas.email, key);
    const again = await offer(mara, bookingId, ticketIds, jonas.email, key);
    expect(again.body.transfer).to.deep.equal(first.body.transfer);
    expect(again.headers.get('idempotent-replayed')).to.equal('true');
    const other = await offer(mara, bookingId, ticketIds.slice(1), jonas.email, key);
    expect(codeOf(other)).to.deep.equal([422, 'idempotency_key_reused']);
    for (const { body } of [first, again]) {
      const accepted = await accept(jonas, body.transfer.transferId, body.acceptCode);
      expect(accepted.status).to.equal(200);
    }
  });

  it('are listed for who sent and who received them, newest first, by page and by status', async () => {
    const [ulla, piet] = await Promise.all([register(world, 'Ulla'), register(world, 'Piet')]);
    const { bookingId, ticketIds } = await buy(world, ulla);
    const ids: string[] = [];
    for (const ticketId of ticketIds) {
      const { body } = await offer(ulla, bookingId, [ticketId], piet.email);
      ids.unshift(body.transfer.transferId);
    }
    await piet.post(`/api/transfers/${ids[0]}/decline`);
    const idsOf = async (person: Person, query: string) =>
      (await person.get(`/api/transfers?${query}`)).body.transfers.map(
        (one: { transferId: string }) => one.transferId,
      );
    expect(await idsOf(ulla, 'role=sent')).to.deep.equal(ids);
    expect(await idsOf(piet, 'role=received')).to.deep.equal(ids);
    expect(await idsOf(ulla, 'role=received')).to.deep.equal([]);
    expect(await idsOf(piet, 'role=received&status=declined')).to.deep.equal(ids.slice(0, 1));
    const { next } = (await piet.get('/api/transfers?role=received&limit=1')).body;
    expect(await idsOf(piet, `role=received&limit=1&cursor=${next}`)).to.deep.equal(ids.slice(1));
  });

  it('expire by the database’s clock: refused at once, marked by the loop, in nobody’s way', async () => {
    const first = await offered();
    const second = await offered();
    await world.rows('update transfers set expires_at = now() where id = any($1)', [
      [first.transferId, second.transferId],
    ]);
    expect(codeOf(await accept(jonas, first.transferId, first.code))[1]).to.equal('transfer_over');
    const again = await offer(mara, second.bookingId, second.ticketIds, jonas.email);
    expect(again.status).to.equal(201);
    await world.loops.expiredTransfers.drain();
    const statuses = await world.rows('select status from transfers where id = any($1)', [
      [first.transferId, second.transferId, again.body.transfer.transferId],
    ]);
    expect(statuses).to.have.deep.members([
      { status: 'expired' },
      { status: 'expired' },
      { status: 'offered' },
    ]);
    await world.catalog.hears(first.bookingId, 'transfer.expired.v1');
  });

  it('end when their booking is cancelled, with a word to both sides; others stay', async () => {
    const { bookingId, transferId, code } = await offered();
    const other = await offered();
    const admin = await world.login(['admin']);
    const cancelled = await admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'x' });
    expect(cancelled.status).to.equal(200);
    await world.catalog.hears(bookingId, 'transfer.ended.v1');
    expect(codeOf(await accept(jonas, transferId, code))).to.deep.equal([409, 'transfer_over']);
    expect((await accept(jonas, other.transferId, other.code)).status).to.equal(200);
  });
});
