import { openSources } from '@holdfast/auditor/sources.ts';
import { seatTimeline } from '@holdfast/auditor/timelines.ts';
import { expectSuccess } from '@holdfast/demo/api.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { createEvent, freeSeats, placeBooking, type System, sharedSystem } from '../system.ts';

type Account = { email: string; token: string };

describe('a ticket that is passed on', () => {
  let system: System;

  before(async () => {
    system = await sharedSystem();
  });

  async function register(name: string): Promise<Account> {
    const email = `${name}.${process.pid}.${Math.trunc(performance.now())}@example.org`;
    const answer = await system.api.post<{ accessToken: string }>('/api/auth/register', {
      email,
      password: 'a seat in the third row',
      name,
    });
    return { email, token: expectSuccess('The registration', answer).accessToken };
  }

  async function buy({ token }: Account) {
    const eventId = await createEvent(system, 4);
    const seatIds = (await freeSeats(system.api, eventId)).slice(0, 2);
    const bookingId = await placeBooking(system, { token, eventId, seatIds });
    const answer = await system.api.get<{
      booking: { status: string; seats: { ticketId: string }[] };
    }>(`/api/bookings/${bookingId}?wait=25`, token);
    const { status, seats } = expectSuccess('The outcome', answer).booking;
    expect(status).to.equal('confirmed');
    return { bookingId, eventId, seatIds, ticketIds: seats.map(({ ticketId }) => ticketId) };
  }

  /** What the timeline of a seat tells, as the operator's command reads it. */
  async function happeningsOf(eventId: string, seatId = ''): Promise<string[]> {
    const { env } = system.stack;
    const sources = await openSources({ env: { ...env }, urls: system.services.urls });
    try {
      const { happenings } = await seatTimeline(sources, { eventId, seatId });
      return happenings.map(({ action }) => action);
    } finally {
      await sources.close();
    }
  }

  it('is its new holder’s from the acceptance on, with all books in order', async () => {
    const [mara, jonas] = await Promise.all([register('mara'), register('jonas')]);
    const { bookingId, eventId, seatIds, ticketIds } = await buy(mara);
    const offered = await system.api.post<{
      transfer: { transferId: string };
      acceptCode: string;
    }>(
      `/api/bookings/${bookingId}/transfers`,
      { ticketIds: ticketIds.slice(0, 1), to: jonas.email },
      { token: mara.token },
    );
    const { transfer, acceptCode } = expectSuccess('The offer', offered);
    await waitUntil('booking to know the recipient', async () => {
      const received = await system.api.get<{ transfers: object[] }>(
        '/api/transfers?role=received',
        jonas.token,
      );
      return expectSuccess('The list', received).transfers.length === 1;
    });
    const accepted = await system.api.post(
      `/api/transfers/${transfer.transferId}/accept`,
      { code: acceptCode },
      { token: jonas.token },
    );
    expectSuccess('The acceptance', accepted);
    const heldBy = async ({ token }: Account) => {
      const held = await system.api.get<{ tickets: { ticketId: string }[] }>('/api/tickets', token);
      return expectSuccess('The tickets', held).tickets.map(({ ticketId }) => ticketId);
    };
    expect(await heldBy(jonas)).to.deep.equal(ticketIds.slice(0, 1));
    expect(await heldBy(mara)).to.deep.equal(ticketIds.slice(1));
    const code = ({ token }: Account) =>
      system.api.get<object>(`/api/tickets/${ticketIds[0]}`, token);
    expect((await code(jonas)).status).to.equal(200);
    expect((await code(mara)).status).to.equal(409);
    expect(await happeningsOf(eventId, seatIds[0])).to.include.members([
      'transfer.offered',
      'ticket.reissued',
      'transfer.accepted',
    ]);
    expect(await happeningsOf(eventId, seatIds[1])).to.include('ticket.live');
    expect(await happeningsOf(eventId, seatIds[1])).to.not.include('transfer.accepted');
    expect((await system.audit()).findings).to.deep.equal([]);
  });
});
