import type { Offer } from '@holdfast/shared/contracts/offer.ts';
import { type CancellationStep, NO_TERMS, type Terms } from '@holdfast/shared/contracts/terms.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { makeOffer, makeSeat } from './catalog.ts';
import { type Client, createClient } from './client.ts';
import { startWorld, type World } from './world.ts';

const HOUR_MS = 3_600_000;
const FREE: CancellationStep = {
  untilHoursBeforeStart: 72,
  keepBasisPoints: 0,
  keepPerTicketMinor: 0,
  repaysFees: true,
};
const FEE: CancellationStep = {
  untilHoursBeforeStart: 24,
  keepBasisPoints: 2_000,
  keepPerTicketMinor: 0,
  repaysFees: false,
};
const TERMS: Terms = {
  ...NO_TERMS,
  charges: { perTicketMinor: 200, perTicketBasisPoints: 0, perOrderMinor: 300, tax: null },
  cancellation: [FREE, FEE],
};

describe('cancelling a booking', () => {
  let world: World;
  let buyer: Client;
  let admin: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
    admin = await world.login(['admin']);
  });
  after(() => world?.stop());

  /** A sold booking of A-1 (48.00) and A-2 (30.00), of an event so many hours ahead. */
  async function sell(hours: number, parts: Partial<Offer> = {}) {
    const startsAt = new Date(Date.now() + hours * HOUR_MS).toISOString();
    const seats = [makeSeat('A-1', 4_800), makeSeat('A-2', 3_000)];
    const offer = makeOffer(buyer.userId, { seats, startsAt, terms: TERMS, ...parts });
    const { bookingId } = (await buyer.book(await world.signOffer(offer))).body.booking;
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    return bookingId as string;
  }
  const preview = (id: string, query = '', as = buyer) =>
    as.get(`/api/bookings/${id}/cancellation${query}`);
  const cancel = (id: string, body: object = {}, as = buyer) =>
    as.post(`/api/bookings/${id}/cancel`, body);
  const ticketsOf = async (id: string) =>
    (await buyer.get(`/api/bookings/${id}`)).body.booking.seats.map(
      (seat: { ticketStatus: string }) => seat.ticketStatus,
    );
  const paymentOf = async (id: string) =>
    (
      await world.rows<Record<string, number>>(
        `select captured_minor::int as captured, refunded_minor::int as refunded,
           kept_minor::int as kept from payments where booking_id = $1`,
        [id],
      )
    )[0];
  const quotaOf = async (id: string) =>
    (
      await world.rows<{ seats: number }>(
        `select q.seats from buyer_quotas q join bookings b using (user_id, event_id)
         where b.id = $1`,
        [id],
      )
    )[0]?.seats;
  const repaid = (id: string, refunded: number) =>
    waitUntil(`${refunded} of ${id} to be with the buyer`, async () => {
      const [line] = await world.sandbox.bookOf(id);
      return line?.refunded === refunded && line;
    });
  const codeOf = ({ status, body }: { status: number; body: { code?: string } }) =>
    `${status} ${body.code}`;

  it('is free until the first instant, and repays all: fees, the order’s fee with the last seat', async () => {
    const bookingId = await sell(100);
    const { body } = await preview(bookingId);
    expect(body.cancellation).to.deep.include({
      seatIds: ['A-1', 'A-2'],
      isWhole: true,
      repaidMinor: 8_500,
      keptMinor: 0,
      currency: 'EUR',
      waived: false,
    });
    expect(body.cancellation.parts).to.deep.equal([
      { seatId: 'A-1', paidMinor: 5_000, earlierMinor: 0, repaidMinor: 5_000, keptMinor: 0 },
      { seatId: 'A-2', paidMinor: 3_200, earlierMinor: 0, repaidMinor: 3_200, keptMinor: 0 },
      { seatId: null, paidMinor: 300, earlierMinor: 0, repaidMinor: 300, keptMinor: 0 },
    ]);
    const answer = await cancel(bookingId, { expectMinor: 8_500 });
    expect(answer.body.booking).to.include({ status: 'cancelled', refundedMinor: 8_500 });
    await repaid(bookingId, 8_500);
    expect(await paymentOf(bookingId)).to.deep.equal({ captured: 8_500, refunded: 8_500, kept: 0 });
    await world.catalog.hears(bookingId, 'booking.cancelled.v1');
  });

  it('of one seat keeps the booking and the other: its ticket, its quota and its money', async () => {
    const bookingId = await sell(48);
    const shown = (await preview(bookingId, '?seatIds=A-1')).body.cancellation;
    expect(shown).to.deep.include({ isWhole: false, repaidMinor: 3_840, keptMinor: 1_160 });
    const answer = await cancel(bookingId, { seatIds: ['A-1'], expectMinor: 3_840 });
    expect(answer.body.booking).to.include({
      ...{ status: 'confirmed', reason: null, refundedMinor: 3_840, paymentStatus: 'captured' },
    });
    expect(await ticketsOf(bookingId)).to.deep.equal(['void', 'live']);
    expect(await quotaOf(bookingId)).to.equal(1);
    await repaid(bookingId, 3_840);
    const told = await world.catalog.hears(bookingId, 'booking.seats_cancelled.v1');
    expect(
      (told.data as { seats: { seatId: string }[] }).seats.map((one) => one.seatId),
    ).to.deep.equal(['A-1']);
    const refunds = (await buyer.get(`/api/bookings/${bookingId}/refunds`)).body.refunds;
    expect(refunds[0]).to.deep.include({
      amountMinor: 3_840,
      reason: 'customer_request',
      askedBy: `user:${buyer.userId}`,
      seats: [{ seatId: 'A-1', amountMinor: 3_840 }],
    });
    // The rest: the fees of seat and order stay with the house.
    const rest = await cancel(bookingId);
    expect(rest.body.booking).to.include({ status: 'cancelled', refundedMinor: 6_240 });
    expect(await paymentOf(bookingId)).to.deep.equal({
      ...{ captured: 8_500, refunded: 6_240, kept: 2_260 },
    });
    expect(await quotaOf(bookingId)).to.equal(0);
    const balances = await world.rows(
      `select a.kind, sum(l.amount_minor)::int as balance from ledger_journals j
       join ledger_lines l on l.journal_id = j.id join ledger_accounts a on a.id = l.account_id
       where j.booking_id = $1 and a.event_id is not null group by 1 order by 1`,
      [bookingId],
    );
    expect(balances).to.deep.equal([
      { kind: 'fees_income', balance: -700 },
      { kind: 'organizer_payable', balance: -1_560 },
    ]);
  });

  it('of one seat is no outcome of a checkout; of the last one it is', async () => {
    const ended = async () => {
      const text = await (await fetch(`${world.service.url}/metrics`)).text();
      return ['confirmed', 'cancelled'].map((outcome) =>
        text
          .split('\n')
          .filter((line) => line.startsWith(`holdfast_checkouts_total{outcome="${outcome}"`))
          .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0),
      );
    };
    const bookingId = await sell(100);
    const [confirmed = 0, cancelled = 0] = await ended();
    await cancel(bookingId, { seatIds: ['A-1'] });
    expect(await ended()).to.deep.equal([confirmed, cancelled]);
    await cancel(bookingId);
    expect(await ended()).to.deep.equal([confirmed, cancelled + 1]);
  });

  it('is refused after the last instant, where the terms allow none, and to strangers', async () => {
    const late = await sell(2);
    expect(codeOf(await cancel(late))).to.equal('409 cancellation_not_allowed');
    expect(codeOf(await preview(late))).to.equal('409 cancellation_not_allowed');
    const strict = await sell(500, { terms: NO_TERMS });
    expect(codeOf(await cancel(strict))).to.equal('409 cancellation_not_allowed');
    expect(await ticketsOf(strict)).to.deep.equal(['live', 'live']);
    const nobody = createClient(world.service.url, newId(), '');
    expect((await cancel(strict, {}, nobody)).status).to.equal(401);
    expect((await preview(strict, '', nobody)).status).to.equal(401);
    const stranger = await world.login();
    expect(codeOf(await cancel(strict, {}, stranger))).to.equal('404 booking_not_found');
    expect(codeOf(await preview(strict, '', stranger))).to.equal('404 booking_not_found');
  });

  it('lets only an admin choose what is repaid: all, by the terms, or nothing', async () => {
    const [one, two, three] = await Promise.all([sell(2), sell(48), sell(100)]);
    expect(codeOf(await cancel(one, { repay: 'full' }))).to.equal('403 forbidden');
    expect((await cancel(one, {}, admin)).body.booking.refundedMinor).to.equal(8_500);
    const policy = await cancel(two, { repay: 'policy' }, admin);
    expect(policy.body.booking.refundedMinor).to.equal(6_240);
    const none = await cancel(three, { repay: 'none', reason: 'fraud' }, admin);
    expect(none.body.booking).to.include({
      ...{ status: 'cancelled', reason: 'fraud', refundedMinor: 0, paymentStatus: 'captured' },
    });
    expect(await paymentOf(three)).to.deep.equal({ captured: 8_500, refunded: 0, kept: 8_500 });
    expect((await buyer.get(`/api/bookings/${three}/refunds`)).body.refunds).to.deep.equal([]);
  });

  it('never repays less than the preview promised: it is refused, nothing changes', async () => {
    const bookingId = await sell(48);
    const answer = await cancel(bookingId, { expectMinor: 8_500 });
    expect(codeOf(answer)).to.equal('409 repayment_changed');
    expect(answer.body.detail).to.include('62.40 EUR').and.include('85.00 EUR');
    expect(await ticketsOf(bookingId)).to.deep.equal(['live', 'live']);
  });

  it('changes nothing when repeated, and refuses what is gone or never was its seat', async () => {
    const bookingId = await sell(100);
    const seatIds = ['A-2'];
    const first = await cancel(bookingId, { seatIds });
    const again = await cancel(bookingId, { seatIds });
    expect(again.body).to.deep.equal(first.body);
    expect(codeOf(await cancel(bookingId, { seatIds: ['A-1', 'A-2'] }))).to.equal(
      '410 ticket_void',
    );
    expect(codeOf(await cancel(bookingId, { seatIds: ['Z-1'] }))).to.equal('404 seat_not_found');
    await repaid(bookingId, 3_200);
    expect(await paymentOf(bookingId)).to.include({ refunded: 3_200 });
  });

  it('does not repay what was repaid before; a refund may give back what was kept', async () => {
    const bookingId = await sell(48);
    const refund = (body: object) =>
      admin.post(`/api/bookings/${bookingId}/refunds`, { reason: 'view_restricted', ...body });
    await refund({ seatIds: ['A-1'] });
    const { body } = await preview(bookingId);
    expect(body.cancellation).to.include({ repaidMinor: 2_400, keptMinor: 1_100 });
    await cancel(bookingId, {});
    expect(await paymentOf(bookingId)).to.deep.equal({
      captured: 8_500,
      refunded: 7_400,
      kept: 1_100,
    });
    expect((await refund({ amountMinor: 1_101 })).status).to.equal(409);
    expect((await refund({ amountMinor: 1_100 })).status).to.equal(202);
    await repaid(bookingId, 8_500);
    expect(await paymentOf(bookingId)).to.deep.equal({ captured: 8_500, refunded: 8_500, kept: 0 });
  });

  it('is refused to its buyer for a ticket that was used, not to an admin', async () => {
    const bookingId = await sell(100);
    await world.rows(
      `update tickets set first_entered_at = now(), is_inside = true, passages = 1
       where booking_id = $1 and seat_id = 'A-1'`,
      [bookingId],
    );
    expect(codeOf(await cancel(bookingId))).to.equal('409 ticket_used');
    expect(codeOf(await preview(bookingId, '?seatIds=A-1'))).to.equal('409 ticket_used');
    expect((await cancel(bookingId, { seatIds: ['A-2'] })).status).to.equal(200);
    const { body } = await cancel(bookingId, {}, admin);
    expect(body.booking).to.include({ status: 'cancelled', refundedMinor: 8_500 });
  });

  it('of a booking without a price ends its ticket and asks for no money', async () => {
    const seats = [makeSeat('A-1', 0), makeSeat('A-2', 0)];
    const bookingId = await sell(100, { seats, totalMinor: 0 });
    const one = await cancel(bookingId, { seatIds: ['A-1'], expectMinor: 0 });
    expect(one.body.booking).to.include({ status: 'confirmed' });
    expect(await ticketsOf(bookingId)).to.deep.equal(['void', 'live']);
    expect((await cancel(bookingId)).body.booking).to.include({ status: 'cancelled' });
    expect(await quotaOf(bookingId)).to.equal(0);
  });

  describe('against a rival', () => {
    /** Runs work while the row of a booking is locked, and lets it go once so many wait for it. */
    async function whileLocked<T>(id: string, waiting: number, work: () => Promise<T>[]) {
      const client = await world.owner.connect();
      await client.query('begin');
      await client.query('select from bookings where id = $1 for update', [id]);
      const answers = work();
      await waitUntil('rivals to wait for the lock', async () => {
        const rows = await world.rows(
          `select from pg_stat_activity where datname = current_database()
             and wait_event_type = 'Lock' and query like '%bookings%'`,
        );
        return rows.length >= waiting;
      });
      await client.query('commit');
      client.release();
      return Promise.all(answers);
    }

    it('never cancels a seat twice: of two for the same seat one repays it', async () => {
      const bookingId = await sell(48);
      const seatIds = ['A-1'];
      const answers = await whileLocked(bookingId, 2, () => [
        cancel(bookingId, { seatIds }),
        cancel(bookingId, { seatIds, repay: 'full' }, admin),
      ]);
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200]);
      const refunds = (await buyer.get(`/api/bookings/${bookingId}/refunds`)).body.refunds;
      expect(refunds).to.have.lengthOf(1);
      expect(await quotaOf(bookingId)).to.equal(1);
    });

    it('never repays a part and the whole: whichever comes second repays the rest', async () => {
      const bookingId = await sell(100);
      await whileLocked(bookingId, 2, () => [
        cancel(bookingId, { seatIds: ['A-1'] }),
        cancel(bookingId),
      ]);
      expect(await paymentOf(bookingId)).to.deep.equal({
        captured: 8_500,
        refunded: 8_500,
        kept: 0,
      });
      await repaid(bookingId, 8_500);
      expect(await ticketsOf(bookingId)).to.deep.equal(['void', 'void']);
      expect(await quotaOf(bookingId)).to.equal(0);
    });

    it('never repays more than was taken, with a refund of the whole in between', async () => {
      const bookingId = await sell(100);
      await whileLocked(bookingId, 2, () => [
        cancel(bookingId),
        admin.post(`/api/bookings/${bookingId}/refunds`, { amountMinor: 8_500, reason: 'x' }),
      ]);
      await repaid(bookingId, 8_500);
      expect(await paymentOf(bookingId)).to.include({ refunded: 8_500, kept: 0 });
    });

    it('never lets a ticket in that is being cancelled, nor cancels one that was let in', async () => {
      const bookingId = await sell(100);
      const [ticket] = await world.rows<{ id: string }>(
        `select id from tickets where booking_id = $1 and seat_id = 'A-1'`,
        [bookingId],
      );
      const client = await world.owner.connect();
      await client.query('begin');
      await client.query(
        `update tickets set first_entered_at = now(), is_inside = true, passages = 1 where id = $1`,
        [ticket?.id],
      );
      const answer = cancel(bookingId);
      await waitUntil('the cancellation to wait for the gate', async () => {
        const rows = await world.rows(
          `select from pg_stat_activity where datname = current_database()
             and wait_event_type = 'Lock' and query like '%tickets%'`,
        );
        return rows.length > 0;
      });
      await client.query('commit');
      client.release();
      expect(codeOf(await answer)).to.equal('409 ticket_used');
      expect(await ticketsOf(bookingId)).to.deep.equal(['live', 'live']);
    });
  });
});
