import { eventCreated } from '@holdfast/shared/contracts/events.ts';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import jsqr from 'jsqr';
import { PNG } from 'pngjs';
import { reissueTickets } from '../src/operations/reissue-tickets.ts';
import { pagesOf } from '../src/operations/show-tickets.ts';
import { findBooking, lockBookings } from '../src/stores/bookings.ts';
import { createTicketKeys } from '../src/stores/ticket-keys.ts';
import { findTicket } from '../src/stores/tickets.ts';
import { readCode } from '../src/tickets/code.ts';
import { makeOffer } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

const FILES = ['qr.svg', 'qr.png', 'ticket.pdf'];

describe('a ticket', () => {
  let world: World;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
  });
  after(() => world?.stop());

  async function sell(parts: Parameters<typeof makeOffer>[1] = {}) {
    const buyer = await world.login();
    const offer = makeOffer(buyer.userId, parts);
    const { bookingId } = (await buyer.book(await world.signOffer(offer))).body.booking;
    const { seats } = await buyer.outcome(bookingId);
    const ticketIds: string[] = seats.map(({ ticketId }: { ticketId: string }) => ticketId);
    return { buyer, bookingId, ticketIds, ticketId: ticketIds[0] ?? '', offer };
  }
  async function file(who: Client, path: string) {
    const response = await fetch(world.service.url + path, {
      headers: { authorization: `Bearer ${who.token}` },
    });
    const type = response.headers.get('content-type');
    return { status: response.status, type, bytes: Buffer.from(await response.arrayBuffer()) };
  }
  async function passOn({ bookingId, ticketId }: { bookingId: string; ticketId: string }) {
    const holder = await world.login();
    const { postgres } = await world.service.ready;
    await postgres.db.transaction(async (tx) => {
      await lockBookings(tx, [bookingId]);
      const wanted = [{ ticketId, holderId: holder.userId }];
      await reissueTickets(tx, wanted, systemOrigin('test', newId()));
    });
    return holder;
  }
  const codeOf = async (who: Client, path: string): Promise<string | undefined> => {
    const { status, bytes } = await file(who, path);
    return status === 200 ? undefined : JSON.parse(bytes.toString()).code;
  };

  it('shows its holder and admins a code of itself, its event, seat and epoch', async () => {
    const { buyer, ticketId, offer } = await sell();
    const { ticket } = (await buyer.get(`/api/tickets/${ticketId}`)).body;
    expect(ticket).to.include({
      ...{ ticketId, status: 'live', eventId: offer.eventId, holderId: buyer.userId, epoch: 1 },
      ...{ firstEnteredAt: null, isInside: false },
    });
    const { signed: _signed, signature: _signature, kid, ...says } = readCode(ticket.payload) ?? {};
    expect(says).to.deep.equal({
      ...{ ticketId, eventId: offer.eventId, epoch: 1, seatId: ticket.seatId },
    });
    const { keys } = (await buyer.get('/api/tickets/keys')).body;
    expect(keys.map((key: { kid: string }) => key.kid)).to.include(kid);
    expect(JSON.stringify(keys), 'a private half').to.not.contain('"d"');
    const admin = await world.login(['user', 'admin']);
    expect((await admin.get(`/api/tickets/${ticketId}`)).body.ticket.payload).to.equal(
      ticket.payload,
    );
  });

  it('has a QR that a reader reads as the code, as PNG; and one as SVG', async () => {
    const { buyer, ticketId } = await sell();
    const { payload } = (await buyer.get(`/api/tickets/${ticketId}`)).body.ticket;
    const png = await file(buyer, `/api/tickets/${ticketId}/qr.png`);
    expect(png.type).to.equal('image/png');
    const { data, width, height } = PNG.sync.read(png.bytes);
    const read = jsqr.default(new Uint8ClampedArray(data), width, height);
    expect(read?.data).to.equal(payload);
    expect(read?.version, '21 + 4 modules a version').to.be.at.most(7);
    const svg = await file(buyer, `/api/tickets/${ticketId}/qr.svg`);
    expect(svg.type).to.equal('image/svg+xml');
    expect(svg.bytes.toString()).to.match(/^<svg .*<\/svg>\s*$/s);
  });

  it('is printed, with the others of its booking a page each, titled and in a named language', async () => {
    const eventName = 'Ein sehr langer Name, Très long, Очень длинное название '.repeat(6).trim();
    const { buyer, bookingId, ticketId } = await sell({ eventName });
    const pages = ({ bytes }: { bytes: Buffer }) =>
      bytes.toString('latin1').match(/\/Type \/Page\n/g)?.length;
    const all = await file(buyer, `/api/bookings/${bookingId}/tickets.pdf`);
    expect(all.type).to.equal('application/pdf');
    expect(pages(all)).to.equal(2);
    expect(pages(await file(buyer, `/api/tickets/${ticketId}/ticket.pdf`))).to.equal(1);
    const text = all.bytes.toString('latin1');
    expect(text).to.contain('/Lang (en-GB)').and.to.contain('/Marked true');
    expect(text).to.match(/\/Title \d+ 0 R/);
    expect(text, 'a font that has the letters').to.match(/\/FontName \/\w+\+DejaVuSans/);
  });

  it('goes into calendars at its instant, and follows an event that is moved or cancelled', async () => {
    const { buyer, bookingId, offer } = await sell();
    const calendar = async () =>
      (await file(buyer, `/api/bookings/${bookingId}/calendar.ics`)).bytes.toString();
    const first = await calendar();
    expect(first).to.contain('DTSTART:20270314T183000Z').and.to.contain('STATUS:CONFIRMED');
    expect(first).to.contain(`UID:${bookingId}@holdfast`);
    expect(first).to.contain('19:30 (Europe/Vienna)');
    expect(first).to.not.match(/[^\r]\n/);
    const [left = '', gone = ''] = offer.seats.map(({ label }) => label.replaceAll(',', '\\,'));
    expect(first).to.contain(left).and.to.contain(gone);
    const { seats } = offer;
    await world.rows(`update tickets set status = 'void' where booking_id = $1 and seat_id = $2`, [
      ...[bookingId, seats[1]?.seatId],
    ]);
    expect(await calendar(), 'a seat was cancelled')
      .to.contain(left)
      .and.not.to.contain(gone);
    const moved = { eventId: offer.eventId, startsAt: '2027-05-01T17:00:00.000Z' };
    await world.catalog.publishEvent(eventCreated, moved, 1);
    await waitUntil('the new date to be known', async () =>
      (await calendar()).includes('DTSTART:20270501T170000Z'),
    );
    const sequence = (text: string) => Number(/SEQUENCE:(\d+)/.exec(text)?.[1]);
    expect(sequence(await calendar())).to.be.above(sequence(first));
    await world.rows(`update events set status = 'cancelled' where event_id = $1`, [offer.eventId]);
    expect(await calendar()).to.contain('STATUS:CANCELLED');
  });

  it('shows nothing once it is void or before it is paid, and is not printed with the others', async () => {
    const { buyer, bookingId, ticketIds, ticketId } = await sell();
    for (const [status, code] of [
      ['reserved', 'ticket_not_live'],
      ['void', 'ticket_void'],
    ]) {
      await world.rows('update tickets set status = $1 where id = $2', [status, ticketId]);
      const { ticket } = (await buyer.get(`/api/tickets/${ticketId}`)).body;
      expect(ticket).to.include({ status, payload: null });
      for (const name of FILES) {
        expect(await codeOf(buyer, `/api/tickets/${ticketId}/${name}`), name).to.equal(code);
      }
    }
    expect((await file(buyer, `/api/tickets/${ticketId}/qr.svg`)).status).to.equal(410);
    const rest = `/api/bookings/${bookingId}/tickets.pdf`;
    expect((await file(buyer, rest)).status).to.equal(200);
    await world.rows(`update tickets set status = 'void' where id = any($1)`, [ticketIds]);
    expect(await codeOf(buyer, rest)).to.equal('ticket_void');
  });

  it('shows who bought it nothing once it was passed on, and its new holder all', async () => {
    const sold = await sell();
    const { buyer, bookingId, ticketIds, ticketId } = sold;
    const [, second = ''] = ticketIds;
    const holder = await passOn(sold);
    for (const name of ['', ...FILES.map((one) => `/${one}`)]) {
      const path = `/api/tickets/${ticketId}${name}`;
      expect(await codeOf(buyer, path), path).to.equal('ticket_transferred');
      expect((await file(holder, path)).status, path).to.equal(200);
    }
    const { payload } = (await holder.get(`/api/tickets/${ticketId}`)).body.ticket;
    expect(readCode(payload)).to.include({ epoch: 2 });
    const { db } = (await world.service.ready).postgres;
    const [theirs, ours] = await Promise.all([findTicket(db, ticketId), findTicket(db, second)]);
    const booking = await findBooking(db, bookingId);
    if (!booking || !theirs || !ours) expect.fail('a booking with two tickets');
    const pages = await pagesOf({ db, ticketKeys: createTicketKeys(db) }, booking, [theirs, ours]);
    if (isRefusal(pages)) expect.fail(pages.detail);
    expect(
      pages.map(({ priceMinor }) => priceMinor !== null),
      'prices are for buyers',
    ).to.deep.equal([false, true]);
    const rest = `/api/bookings/${bookingId}/tickets.pdf`;
    expect((await file(buyer, rest)).status).to.equal(200);
    await passOn({ bookingId, ticketId: second });
    expect(await codeOf(buyer, rest)).to.equal('ticket_transferred');
  });

  it('requires a login, and is not there for anybody else', async () => {
    const { ticketId, bookingId } = await sell();
    const stranger = await world.login();
    const nobody = { ...stranger, token: 'none' };
    const paths = [
      [`/api/tickets/${ticketId}`, 'ticket_not_found'],
      ...FILES.map((name) => [`/api/tickets/${ticketId}/${name}`, 'ticket_not_found']),
      [`/api/bookings/${bookingId}/tickets.pdf`, 'booking_not_found'],
      [`/api/bookings/${bookingId}/calendar.ics`, 'booking_not_found'],
    ] as const;
    for (const [path = '', code] of paths) {
      expect((await file(nobody, path)).status, path).to.equal(401);
      expect(await codeOf(stranger, path), path).to.equal(code);
    }
  });
});
