import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expectSuccess } from '@holdfast/demo/api.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { createEvent, freeSeats, registerBuyer, type System, sharedSystem } from '../system.ts';

const CONSUMER = fileURLToPath(
  new URL('../../services/notifications/src/main.ts', import.meta.url),
);

type Profile = {
  user: { name: string; tier: string };
  standing: { bookings: number; next: { tier: string; bookings: number } | null };
};
type Mail = { to: string; subject: string; text: string };

describe('a frequent buyer', () => {
  let system: System;
  let consumer: ChildProcess;
  let printed = '';

  before(async () => {
    system = await sharedSystem();
    consumer = spawn(process.execPath, [CONSUMER, '--json', '--from-beginning'], {
      env: { ...process.env, ...system.stack.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    consumer.stdout?.on('data', (text) => {
      printed += text;
    });
  });
  after(async () => {
    const exited = once(consumer, 'exit');
    consumer.kill('SIGTERM');
    await exited;
  });

  async function profileOf(token: string): Promise<Profile> {
    return expectSuccess('The profile', await system.api.get<Profile>('/api/auth/me', token));
  }

  async function buySeat(eventId: string, token: string): Promise<string> {
    const [seatId] = await freeSeats(system.api, eventId);
    const held = await system.api.post<{ hold: { offer: string } }>(
      `/api/events/${eventId}/holds`,
      { seatIds: [seatId] },
      { token },
    );
    const placed = await system.api.post<{ booking: { bookingId: string } }>(
      '/api/bookings',
      { offer: expectSuccess('The hold', held).hold.offer, paymentMethod: 'pm_card_visa' },
      { token },
    );
    const { bookingId } = expectSuccess('The booking', placed).booking;
    const path = `/api/bookings/${bookingId}?wait=20`;
    await waitUntil(
      'the confirmation',
      async () =>
        (await system.api.get<{ booking: { status: string } }>(path, token)).body.booking.status ===
        'confirmed',
      { limitMs: 30_000 },
    );
    return bookingId;
  }

  const tierOf = async (token: string) => (await profileOf(token)).user.tier;

  it('becomes premium with five bookings, regular again when one is cancelled, and is told of all', async function () {
    this.timeout(120_000);
    const eventId = await createEvent(system, 20, { name: 'Nocturnes' });
    const buyer = await registerBuyer(system.api);
    const bookings: string[] = [];
    for (let number = 0; number < 5; number += 1) bookings.push(await buySeat(eventId, buyer));
    await waitUntil('premium', async () => (await tierOf(buyer)) === 'premium');
    const { user, standing } = await profileOf(buyer);
    expect(standing).to.deep.include({ bookings: 5, next: { tier: 'vip', bookings: 15 } });
    const cancelled = await system.api.post(
      `/api/bookings/${bookings[0]}/cancel`,
      { reason: 'customer_request' },
      { token: system.adminToken },
    );
    expectSuccess('The cancellation', cancelled);
    await waitUntil('regular', async () => (await tierOf(buyer)) === 'regular');
    const subjects = () =>
      printed
        .split('\n')
        .slice(0, -1)
        .map((line): Mail => JSON.parse(line))
        .filter(({ to }) => to.startsWith(`${user.name} <`))
        .map(({ subject }) => subject);
    const expected = [
      'Welcome to Holdfast',
      ...bookings.map(() => 'Your tickets: Nocturnes'),
      'You are premium now',
      'Your booking is cancelled: Nocturnes',
      '45.00 EUR paid back: Nocturnes',
      'You are regular now',
    ];
    await waitUntil('every mail', () => subjects().length >= expected.length);
    expect(subjects()).to.have.members(expected);
  });
});
