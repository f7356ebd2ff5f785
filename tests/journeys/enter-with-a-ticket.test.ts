import { expectSuccess } from '@holdfast/demo/api.ts';
import { expect } from 'chai';
import { createEvent, freeSeats, placeBooking, type System, sharedSystem } from '../system.ts';

type Account = { email: string; password: string; userId: string; token: string };

describe('entering with a ticket', () => {
  let system: System;

  before(async () => {
    system = await sharedSystem();
  });

  async function register(name: string): Promise<Account> {
    const email = `${name}.${process.pid}.${Math.trunc(performance.now())}@example.org`;
    const password = 'a seat in the third row';
    const answer = await system.api.post<{ accessToken: string; user: { userId: string } }>(
      '/api/auth/register',
      { email, password, name },
    );
    const { accessToken: token, user } = expectSuccess('The registration', answer);
    return { email, password, userId: user.userId, token };
  }

  /** An account that an admin makes a scanner; the role is in its next token. */
  async function makeScanner(): Promise<string> {
    const { userId, email, password, token } = await register('door');
    const change = { roles: ['user', 'scanner'], reason: 'works at the door' };
    const path = `/api/admin/users/${userId}`;
    const refused = await system.api.patch(path, change, { token });
    expect(refused.status, 'who grants it to himself').to.equal(403);
    expectSuccess('The grant', await system.api.patch(path, change, { token: system.adminToken }));
    const login = { email, password };
    const answer = await system.api.post<{ accessToken: string }>('/api/auth/login', login);
    return expectSuccess('The login', answer).accessToken;
  }

  async function buy(token: string, eventId: string) {
    const [seatId] = await freeSeats(system.api, eventId);
    const bookingId = await placeBooking(system, { token, eventId, seatIds: [seatId] });
    const answer = await system.api.get<{
      booking: { status: string; seats: { ticketId: string }[] };
    }>(`/api/bookings/${bookingId}?wait=25`, token);
    const { status, seats } = expectSuccess('The outcome', answer).booking;
    expect(status).to.equal('confirmed');
    return { bookingId, ticketId: seats[0]?.ticketId ?? '' };
  }

  it('lets its holder in once, is dead when it is cancelled, and leaves all books in order', async () => {
    const eventId = await createEvent(system, 4);
    const [{ token }, scanner] = await Promise.all([register('mara'), makeScanner()]);
    const { bookingId, ticketId } = await buy(token, eventId);
    const shown = await system.api.get<{ ticket: { payload: string } }>(
      `/api/tickets/${ticketId}`,
      token,
    );
    const { payload } = expectSuccess('The ticket', shown).ticket;
    const scan = (gate: string, direction = 'entry') =>
      system.api.post<{ checkIn: { passage: number } }>(
        '/api/check-in',
        { payload, eventId, gate, direction },
        { token: scanner },
      );
    expect(expectSuccess('The entry', await scan('North')).checkIn.passage).to.equal(1);
    expect((await scan('South')).problem.code).to.equal('ticket_inside');
    expectSuccess('The exit', await scan('South', 'exit'));
    const counts = await system.api.get(`/api/check-in/events/${eventId}`, scanner);
    expect(counts.body).to.deep.include({ live: 1, entered: 1, inside: 0 });

    const reason = { reason: 'a complaint' };
    const cancelled = await system.api.post(`/api/bookings/${bookingId}/cancel`, reason, {
      token: system.adminToken,
    });
    expectSuccess('The cancellation', cancelled);
    expect((await scan('North')).problem.code).to.equal('ticket_void');
    const revoked = await system.api.get<{ tickets: { ticketId: string }[] }>(
      `/api/check-in/events/${eventId}/revoked-tickets`,
      scanner,
    );
    const listed = expectSuccess('The revoked tickets', revoked).tickets;
    expect(listed.map((one) => one.ticketId)).to.deep.equal([ticketId]);
    const report = await system.audit();
    expect(report.findings, report.report).to.deep.equal([]);
  });
});
