import { openSources } from '@holdfast/auditor/sources.ts';
import { seatTimeline } from '@holdfast/auditor/timelines.ts';
import { expectSuccess } from '@holdfast/demo/api.ts';
import { NO_TERMS, type Terms } from '@holdfast/shared/contracts/terms.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { createEvent, freeSeats, registerBuyer, type System, sharedSystem } from '../system.ts';

/** Until a day before a fifth of the face value is kept, and the fees. */
const TERMS: Terms = {
  charges: { perTicketMinor: 150, perTicketBasisPoints: 0, perOrderMinor: 200, tax: null },
  cancellation: [
    {
      untilHoursBeforeStart: 24,
      keepBasisPoints: 2_000,
      keepPerTicketMinor: 0,
      repaysFees: false,
    },
  ],
  transferable: NO_TERMS.transferable,
};

describe('cancelling some seats of a booking', () => {
  let system: System;
  before(async () => {
    system = await sharedSystem();
  });

  it('repays what was previewed, sells just those seats again, and all books agree', async () => {
    const { api } = system;
    const eventId = await createEvent(system, 6, { terms: TERMS });
    const buyer = { token: await registerBuyer(api) };
    const seatIds = (await freeSeats(api, eventId)).slice(0, 3);
    const held = await api.post<{ hold: { offer: string } }>(
      `/api/events/${eventId}/holds`,
      { seatIds },
      buyer,
    );
    const { offer } = expectSuccess('The hold', held).hold;
    const placed = await api.post<{ booking: { bookingId: string } }>(
      '/api/bookings',
      { offer, paymentMethod: 'pm_card_visa' },
      buyer,
    );
    const path = `/api/bookings/${expectSuccess('The booking', placed).booking.bookingId}`;
    await waitUntil('the booking to be confirmed', async () => {
      const found = await api.get<{ booking: { status: string } }>(path, buyer.token);
      return found.body.booking.status === 'confirmed';
    });
    const free = async () => (await freeSeats(api, eventId)).length;
    await waitUntil('the seats to be sold', async () => (await free()) === 3);

    const [first = '', second = '', third = ''] = seatIds;
    const preview = await api.get<{ cancellation: { repaidMinor: number; keptMinor: number } }>(
      `${path}/cancellation?seatIds=${first},${second}`,
      buyer.token,
    );
    expect(preview.body.cancellation).to.include({ repaidMinor: 7_200, keptMinor: 2_100 });
    const cancelled = await api.post<{ booking: { status: string; refundedMinor: number } }>(
      `${path}/cancel`,
      { seatIds: [first, second], expectMinor: 7_200 },
      buyer,
    );
    expect(expectSuccess('The cancellation', cancelled).booking).to.include({
      status: 'confirmed',
      refundedMinor: 7_200,
    });
    await waitUntil('the seats to be for sale again', async () => (await free()) === 5);
    expect(await freeSeats(api, eventId)).to.not.include(third);
    const again = await api.post(
      `/api/events/${eventId}/holds`,
      { seatIds: [first] },
      {
        token: await registerBuyer(api),
      },
    );
    expect(again.status).to.equal(201);

    const { env } = system.stack;
    const sources = await openSources({ env: { ...env }, urls: system.services.urls });
    const { happenings } = await seatTimeline(sources, { eventId, seatId: first });
    await sources.close();
    const sold = happenings.filter(
      ({ store, after }) => store === 'catalog' && after === 'confirmed',
    );
    expect(sold, 'the hold that it was sold in').to.not.have.length(0);

    const report = await system.audit();
    expect(report.findings).to.deep.equal([]);
    const figures = report.events.find((event) => event.eventId === eventId);
    expect(figures?.refundedMinor).to.equal(7_200);
  });
});
