import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expectSuccess } from '@holdfast/demo/api.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { readEnvironment } from '@holdfast/stack/config.ts';
import { expect } from 'chai';
import { createEvent, registerBuyer, type System, sharedSystem } from '../system.ts';

type Booking = { bookingId: string; status: string; paymentStatus: string | null };

const CLI = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

describe('money that comes late', () => {
  let system: System;
  let eventId: string;
  let buyer: string;

  before(async () => {
    system = await sharedSystem();
    eventId = await createEvent(system, 12);
    buyer = await registerBuyer(system.api);
  });

  async function hold(seatIds: string[], token = buyer): Promise<string> {
    const path = `/api/events/${eventId}/holds`;
    const answer = await system.api.post<{ hold: { offer: string; holdId: string } }>(
      path,
      { seatIds },
      { token },
    );
    return expectSuccess('The hold', answer).hold.offer;
  }
  async function book(offer: string, account: string): Promise<string> {
    const body = {
      offer,
      paymentMethod: `pm_usBankAccount_${account}`,
      paymentMethodType: 'us_bank_account',
    };
    const options = { token: buyer };
    const answer = await system.api.post<{ booking: Booking }>('/api/bookings', body, options);
    return expectSuccess('The booking', answer).booking.bookingId;
  }
  const settles = (bookingId: string, status: string) =>
    waitUntil(
      `${bookingId} to be ${status}`,
      async () => {
        const path = `/api/bookings/${bookingId}?wait=5`;
        const { booking } = (await system.api.get<{ booking: Booking }>(path, buyer)).body;
        return booking.status === status && booking;
      },
      { limitMs: 40_000 },
    );
  const one = async (query: string, bookingId: string) =>
    (await system.booking.query<{ id: string }>(query, [bookingId])).rows[0]?.id;
  /** Pays a declined payment with a card, past booking, as only the provider can. */
  async function payAfterAll(bookingId: string): Promise<string> {
    const intent = await one(
      'select provider_id as id from payments where booking_id = $1',
      bookingId,
    );
    const url = `${system.services.urls.payment}/v1/payment_intents/${intent}/confirm`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.paymentKey}` },
      body: new URLSearchParams({ payment_method: 'pm_card_visa' }),
    });
    expect(response.status, await response.text()).to.equal(200);
    return waitUntil('the booking that retakes it', () =>
      one('select id from bookings where retakes = $1', bookingId),
    );
  }
  async function expectSoundBooks(): Promise<void> {
    const report = await system.audit();
    expect(report.findings, report.report).to.deep.equal([]);
  }

  it('by a bank debit buys the seats that were pinned before it was charged', async () => {
    await settles(await book(await hold(['GENERAL-1', 'GENERAL-2']), 'success'), 'confirmed');
    await expectSoundBooks();
  });

  it('for a failed booking buys its seats again where they are free', async () => {
    const failed = await book(await hold(['GENERAL-3', 'GENERAL-4']), 'insufficientFunds');
    await settles(failed, 'failed');
    await release(failed);
    const retake = await payAfterAll(failed);
    expect(await settles(retake, 'confirmed')).to.include({ paymentStatus: 'captured' });
    await expectSoundBooks();
  });

  it('for a failed booking is repaid in full where somebody else has one of its seats', async () => {
    const failed = await book(await hold(['GENERAL-5', 'GENERAL-6']), 'insufficientFunds');
    await settles(failed, 'failed');
    await release(failed);
    await hold(['GENERAL-6'], await registerBuyer(system.api));
    const retake = await payAfterAll(failed);
    await settles(retake, 'failed');
    await waitUntil('the refund', async () => {
      const path = `/api/bookings/${retake}`;
      const { booking } = (await system.api.get<{ booking: Booking }>(path, buyer)).body;
      return booking.paymentStatus === 'refunded';
    });
    await expectSoundBooks();
  });

  it('is waited for where operators can see it, by ./holdfast bookings', async () => {
    const waiting = await book(await hold(['GENERAL-7']), 'processing');
    await waitUntil('the bank', async () => (await holdfast('list')).includes('the bank'));
    expect(await holdfast('list')).to.include(waiting);
    expect(await holdfast('list', '--stuck')).to.equal('No booking waits.');
    const told = await holdfast('explain', waiting);
    expect(told).to.include('charge').and.to.include('await').and.to.include('bank');
    expect(await holdfast('resume', waiting)).to.include('call hastened');
    const intent = await waitUntil('the intent', () =>
      one('select provider_id as id from payments where booking_id = $1', waiting),
    );
    await fetch(`${system.services.urls.payment}/_sandbox/settlements`, {
      method: 'POST',
      body: JSON.stringify({ paymentIntent: intent, succeeds: true }),
    });
    await settles(waiting, 'confirmed');
    expect(await holdfast('list')).to.equal('No booking waits.');
    await expectSoundBooks();
  });

  /** Gives the hold of a failed booking back, so that its seats are anybody's. */
  async function release(bookingId: string): Promise<void> {
    const holdId = await one('select hold_id as id from bookings where id = $1', bookingId);
    await waitUntil('the hold to be given back', async () => {
      const answer = await system.api.delete(`/api/holds/${holdId}`, buyer);
      return answer.status < 300;
    });
  }

  async function holdfast(...words: string[]): Promise<string> {
    const child = spawn(
      process.execPath,
      [CLI, 'bookings', ...words, '--url', system.services.urls.gateway],
      {
        env: { ...readEnvironment(), HOLDFAST_TOKEN: system.adminToken },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    return (await text(child.stdout)).trim();
  }
});
