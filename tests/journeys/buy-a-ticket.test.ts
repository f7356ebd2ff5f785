import { randomUUID } from 'node:crypto';
import { expectSuccess } from '@holdfast/demo/api.ts';
import { exampleTerms } from '@holdfast/shared/contracts/terms.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { createEvent, freeSeats, registerBuyer, type System, sharedSystem } from '../system.ts';

type Hold = { holdId: string; offer: string; seats: { seatId: string }[] };
type Booking = { bookingId: string; status: string };
type BookingAnswer = { booking: Booking };

describe('buying a ticket', () => {
  let system: System;
  let eventId: string;
  let buyer: string;

  before(async () => {
    system = await sharedSystem();
    eventId = await createEvent(system, 40);
  });
  beforeEach(async () => {
    buyer = await registerBuyer(system.api);
  });

  async function holdSeats(count: number): Promise<Hold> {
    const seatIds = (await freeSeats(system.api, eventId)).slice(0, count);
    const answer = await system.api.post<{ hold: Hold }>(
      `/api/events/${eventId}/holds`,
      { seatIds },
      { token: buyer },
    );
    return expectSuccess('The hold', answer).hold;
  }

  async function book(
    offer: string,
    paymentMethod: string,
    key: string = randomUUID(),
  ): Promise<Booking> {
    const body = { offer, paymentMethod };
    const options = { token: buyer, key };
    const answer = await system.api.post<BookingAnswer>('/api/bookings', body, options);
    return outcomeOf(expectSuccess('The booking', answer).booking.bookingId);
  }

  async function outcomeOf(bookingId: string): Promise<Booking> {
    return waitUntil(
      'the outcome',
      async () => {
        const path = `/api/bookings/${bookingId}?wait=10`;
        const { booking } = (await system.api.get<BookingAnswer>(path, buyer)).body;
        return ['confirmed', 'failed', 'cancelled'].includes(booking.status) && booking;
      },
      { limitMs: 30_000 },
    );
  }

  async function soldSeats(): Promise<number> {
    const { body } = await system.api.get<{ seats: unknown[] }>(
      `/api/events/${eventId}/seats?status=sold`,
    );
    return body.seats.length;
  }

  async function expectClean(): Promise<void> {
    const report = await system.audit();
    expect(report.findings, report.report).to.deep.equal([]);
  }

  it('leads from a hold through the payment to live tickets, and leaves other seats for sale', async () => {
    const { offer } = await holdSeats(2);
    const booking = await book(offer, 'pm_card_visa');
    expect(booking.status).to.equal('confirmed');
    const tickets = await system.api.get<{ tickets: { status: string }[] }>(
      `/api/bookings/${booking.bookingId}/tickets`,
      buyer,
    );
    expect(tickets.body.tickets.map((ticket) => ticket.status)).to.deep.equal(['live', 'live']);
    await waitUntil('the seats to be sold', async () => (await soldSeats()) === 2);
    expect(await freeSeats(system.api, eventId)).to.have.length(38);
    await expectClean();
  });

  it('leads from the best seats shown to a party to its tickets for them, side by side', async () => {
    const path = `/api/events/${eventId}`;
    const shown = await system.api.get<{ seats: { seatId: string }[] }>(
      `${path}/best-available?partySize=3&spread=adjacent`,
    );
    const idsOf = (seats: { seatId: string }[]) => seats.map((seat) => seat.seatId);
    const wish = { partySize: 3, spread: 'adjacent' };
    const answer = await system.api.post<{
      hold: Hold & { reasons: { spread: string } };
    }>(`${path}/holds`, { bestAvailable: wish }, { token: buyer });
    const { hold } = expectSuccess('The hold', answer);
    expect(idsOf(hold.seats)).to.deep.equal(idsOf(shown.body.seats));
    expect(hold.reasons.spread).to.equal('adjacent');
    const booking = await book(hold.offer, 'pm_card_visa');
    expect(booking.status).to.equal('confirmed');
    const { body } = await system.api.get<{ tickets: { seatId: string }[] }>(
      `/api/bookings/${booking.bookingId}/tickets`,
      buyer,
    );
    expect(idsOf(body.tickets).sort()).to.deep.equal(idsOf(hold.seats).sort());
    await expectClean();
  });

  it('is refused with a declined card, and the same hold is bought with another one', async () => {
    const { offer } = await holdSeats(1);
    const declined = await book(offer, 'pm_card_chargeDeclined');
    expect(declined.status).to.equal('failed');
    const again = await book(offer, 'pm_card_visa');
    expect(again.status).to.equal('confirmed');
    await expectClean();
  });

  it('happens once however often the request is sent', async () => {
    const { offer } = await holdSeats(1);
    const key = randomUUID();
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map(() =>
        system.api.post<BookingAnswer>(
          '/api/bookings',
          { offer, paymentMethod: 'pm_card_visa' },
          { token: buyer, key },
        ),
      ),
    );
    const ids = new Set(
      outcomes.flatMap(({ status, body }) => (status < 300 ? [body.booking.bookingId] : [])),
    );
    expect(ids.size).to.equal(1);
    for (const { status, problem } of outcomes.filter((one) => one.status >= 300)) {
      expect([status, problem.code]).to.deep.equal([409, 'request_in_flight']);
    }
    expect((await outcomeOf([...ids][0]!)).status).to.equal('confirmed');
    const other = await system.api.post(
      '/api/bookings',
      { offer, paymentMethod: 'pm_card_mastercard' },
      { token: buyer, key },
    );
    expect([other.status, other.problem.code]).to.deep.equal([422, 'idempotency_key_reused']);
    await expectClean();
  });

  it('can be undone by an admin: the money goes back and the seat is for sale again', async () => {
    const { offer } = await holdSeats(1);
    const { bookingId } = await book(offer, 'pm_card_visa');
    await waitUntil(
      'the seat to be sold',
      async () => (await freeSeats(system.api, eventId)).length < 40,
    );
    const free = await freeSeats(system.api, eventId);
    const byBuyer = await system.api.post(
      `/api/bookings/${bookingId}/cancel`,
      { reason: 'changed my mind' },
      { token: buyer },
    );
    expect([byBuyer.status, byBuyer.problem.code]).to.deep.equal([409, 'cancellation_not_allowed']);
    const cancelled = await system.api.post<BookingAnswer>(
      `/api/bookings/${bookingId}/cancel`,
      { reason: 'artist ill' },
      { token: system.adminToken },
    );
    expect(expectSuccess('The cancellation', cancelled).booking.status).to.equal('cancelled');
    await waitUntil(
      'the seat to be for sale',
      async () => (await freeSeats(system.api, eventId)).length === free.length + 1,
    );
    await expectClean();
    const report = await system.audit();
    const figures = report.events.find((event) => event.eventId === eventId);
    expect(figures?.refundedMinor).to.equal(4_500);
  });

  it('books two holds at once, with their fees and taxes, all seats or none', async () => {
    eventId = await createEvent(system, 10, { terms: exampleTerms });
    const [one, two] = [await holdSeats(1), await holdSeats(2)];
    const answer = await system.api.post<BookingAnswer>(
      '/api/bookings',
      { offers: [one.offer, two.offer], paymentMethod: 'pm_card_visa' },
      { token: buyer },
    );
    const { bookingId } = expectSuccess('The booking', answer).booking;
    expect(await outcomeOf(bookingId)).to.include({
      status: 'confirmed',
      totalMinor: 3 * (4_500 + 263) + 200,
    });
    await waitUntil('the seats to be sold', async () => (await soldSeats()) === 3);
    const gone = await system.api.post<{ code: string }>(
      '/api/bookings',
      { offers: [(await holdSeats(1)).offer, two.offer], paymentMethod: 'pm_card_visa' },
      { token: buyer },
    );
    expect([gone.status, gone.body.code]).to.deep.equal([409, 'hold_already_booked']);
    await expectClean();
  });

  it('gives up seats of a booking of two holds, some by its buyer and the rest with the event', async () => {
    eventId = await createEvent(system, 10, { terms: exampleTerms });
    const [one, two] = [await holdSeats(2), await holdSeats(2)];
    const placed = await system.api.post<BookingAnswer>(
      '/api/bookings',
      { offers: [one.offer, two.offer], paymentMethod: 'pm_card_visa' },
      { token: buyer },
    );
    const { bookingId } = expectSuccess('The booking', placed).booking;
    expect(await outcomeOf(bookingId)).to.include({ status: 'confirmed' });
    await waitUntil('the seats to be sold', async () => (await soldSeats()) === 4);
    const seatsOf = ({ seats }: Hold) => seats.map(({ seatId }) => seatId);
    const free = () => freeSeats(system.api, eventId);
    const path = `/api/bookings/${bookingId}`;
    /** Cancels these and looks what is sold then. */
    async function cancel(seatIds: string[], left: number): Promise<void> {
      const answer = await system.api.post(`${path}/cancel`, { seatIds }, { token: buyer });
      expectSuccess('The cancellation', answer);
      await waitUntil('the seats to be for sale', async () => (await soldSeats()) === left);
      expect(await free()).to.include.members(seatIds);
      await expectClean();
    }
    const [first = '', second = ''] = seatsOf(one);
    const [third = '', fourth = ''] = seatsOf(two);
    await cancel([first, third], 2);
    // The last seat of one hold: its booking stands by the other.
    await cancel([second], 1);
    expect(await free()).to.not.include(fourth);

    const answer = await system.api.patch(
      `/api/events/${eventId}`,
      { status: 'cancelled' },
      { token: system.adminToken },
    );
    expectSuccess('The cancellation of the event', answer);
    await waitUntil('the booking to be cancelled and repaid in full', async () => {
      const { booking } = (await system.api.get<{ booking: Record<string, unknown> }>(path, buyer))
        .body;
      return booking.status === 'cancelled' && booking.refundedMinor === booking.totalMinor;
    });
    await waitUntil('no seat to be sold', async () => (await soldSeats()) === 0);
    await expectClean();
  });
});
