import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

type Entry = { at: string; action: string; source?: string; seatId: string | null };

describe("a booking's timeline", () => {
  let world: World;
  let buyer: Client;
  let admin: Client;
  let bookingId: string;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
    admin = await world.login(['admin']);
    const offer = makeOffer(buyer.userId, { seats: [makeSeat('A-1')] });
    bookingId = (await buyer.book(await world.signOffer(offer))).body.booking.bookingId;
    await buyer.outcome(bookingId);
    await waitUntil('the outbox to be empty', async () => {
      return (await world.rows('select from outbox')).length === 0;
    });
  });
  after(() => world?.stop());

  const path = () => `/api/bookings/${bookingId}/timeline`;
  const entriesOf = async (client: Client): Promise<Entry[]> =>
    (await client.get(path())).body.entries;

  it('requires a login, and is not there for a stranger', async () => {
    const nobody = await fetch(world.service.url + path());
    expect(nobody.status).to.equal(401);
    const answer = await (await world.login()).get(path());
    expect([answer.status, answer.body.code]).to.deep.equal([404, 'booking_not_found']);
  });

  it('tells its owner what happened, without inner steps or names', async () => {
    const entries = await entriesOf(buyer);
    expect(entries.map(({ action }) => action)).to.have.members([
      'booking.placed',
      'payment.requested',
      'payment.authorized',
      'booking.confirmed',
      'payment.captured',
      'ticket.live',
    ]);
    expect(entries[0]).to.deep.include({ action: 'booking.placed', by: 'you', reason: null });
    expect(entries.at(-1)).to.deep.include({ by: 'holdfast' });
    expect(JSON.stringify(entries)).to.not.include('user:').and.not.include('requestId');
  });

  it('tells an admin every step with actor, ids, states and what the provider said, by the clock', async () => {
    const entries = await entriesOf(admin);
    expect(entries.map(({ action }) => action)).to.include.members([
      'provider.authorize_asked',
      'provider.authorize_succeeded',
      'booking.capturing',
      'ticket.reserved',
      'provider.capture_succeeded',
    ]);
    expect(entries.find(({ action }) => action === 'ticket.live')).to.deep.include({
      source: 'audit',
      subject: 'ticket',
      seatId: 'A-1',
      before: 'reserved',
      after: 'live',
    });
    expect(entries[0]).to.include.keys('actor', 'requestId', 'correlationId', 'details');
    const instants = entries.map(({ at }) => at);
    expect(instants).to.deep.equal(instants.toSorted());
  });

  it('comes by pages that follow on each other, and refuses a cursor that is none', async () => {
    const all = await entriesOf(admin);
    const paged: Entry[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await admin.get(`${path()}?limit=3${query}`);
      paged.push(...body.entries);
      cursor = body.next;
    }
    expect(paged).to.deep.equal(all);
    const refusal = await admin.get(`${path()}?cursor=tomorrow`);
    expect([refusal.status, refusal.body.code]).to.deep.equal([400, 'invalid_request']);
  });

  it('shows an admin the messages that still wait for the broker, the owner none', async () => {
    await world.rows(`insert into outbox (bucket, message) values (99, $1)`, [
      { id: bookingId, type: 'booking.confirmed.v1', data: { bookingId }, origin: {} },
    ]);
    expect((await entriesOf(admin)).at(-1)).to.deep.include({
      action: 'message.waits',
      details: { type: 'booking.confirmed.v1' },
    });
    expect((await entriesOf(buyer)).filter(({ action }) => action === 'message.waits')).to.be.empty;
    await world.rows('delete from outbox where bucket = 99');
  });
});
