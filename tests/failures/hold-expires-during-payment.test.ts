import { expectSuccess } from '@holdfast/demo/api.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import {
  clearProviderFaults,
  createEvent,
  freeSeats,
  registerBuyer,
  type System,
  setProviderFault,
  sharedSystem,
} from '../system.ts';

type Booking = { bookingId: string; status: string };
type BookingAnswer = { booking: Booking };
type Hold = { holdId: string; offer: string };

describe('a hold that expires while payment is under way', () => {
  let system: System;
  before(async () => {
    system = await sharedSystem();
  });
  afterEach(() => clearProviderFaults(system));

  async function hold(token: string, eventId: string, seatIds: string[], durationSeconds: number) {
    const answer = await system.api.post<{ hold: Hold }>(
      `/api/events/${eventId}/holds`,
      { seatIds, durationSeconds },
      { token },
    );
    return expectSuccess('The hold', answer).hold;
  }

  async function outcome(token: string, offer: string): Promise<Booking> {
    const { booking: placed } = expectSuccess(
      'The booking',
      await system.api.post<BookingAnswer>(
        '/api/bookings',
        { offer, paymentMethod: 'pm_card_visa' },
        { token },
      ),
    );
    return waitUntil(
      'the outcome',
      async () => {
        const { body } = await system.api.get<BookingAnswer>(
          `/api/bookings/${placed.bookingId}?wait=20`,
          token,
        );
        return ['confirmed', 'failed'].includes(body.booking.status) && body.booking;
      },
      { limitMs: 60_000 },
    );
  }

  it('is never charged, and its seat is sold once, to the next buyer', async () => {
    const eventId = await createEvent(system, 10);
    const [seat] = await freeSeats(system.api, eventId);
    const [slow, quick] = [await registerBuyer(system.api), await registerBuyer(system.api)];
    const first = await hold(slow, eventId, [seat!], 2);
    await setProviderFault(system, { route: 'create', kind: 'late', delayMs: 4_000, times: 1 });
    const losing = outcome(slow, first.offer);
    const second = await waitUntil(
      'the expired seat to be taken over',
      async () => {
        const answer = await system.api.post<{ hold: Hold }>(
          `/api/events/${eventId}/holds`,
          { seatIds: [seat] },
          { token: quick },
        );
        return answer.status === 201 && answer.body.hold;
      },
      { limitMs: 10_000 },
    );
    const winning = await outcome(quick, second.offer);
    const lost = await losing;
    expect(winning.status).to.equal('confirmed');
    expect(lost.status).to.equal('failed');
    const report = await system.audit();
    expect(report.findings, report.report).to.deep.equal([]);
    const figures = report.events.find((event) => event.eventId === eventId);
    expect(figures).to.include({
      seatsSold: 1,
      ticketsLive: 1,
      capturedMinor: 4_500,
      refundedMinor: 0,
    });
  });

  it('is sold when the pin came in time, however late the capture is answered', async () => {
    const eventId = await createEvent(system, 10);
    const [seat] = await freeSeats(system.api, eventId);
    const buyer = await registerBuyer(system.api);
    const { offer } = await hold(buyer, eventId, [seat!], 2);
    await setProviderFault(system, { route: 'capture', kind: 'late', delayMs: 4_000, times: 1 });
    const { status } = await outcome(buyer, offer);
    expect(status).to.equal('confirmed');
    const report = await system.audit();
    expect(report.findings, report.report).to.deep.equal([]);
  });
});
