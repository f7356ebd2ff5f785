import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { holdPinned } from '@holdfast/shared/contracts/holds.ts';
import { COMMITTED, startLossyWire } from '@holdfast/shared/lossy-wire.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { makeOffer } from './catalog.ts';
import type { Client } from './client.ts';
import { given, startWorld, type World } from './world.ts';

/** The store has written, and the service does not know: the answer is kept back on the line. */
describe('a commit that nobody hears of', () => {
  let wire: Awaited<ReturnType<typeof startLossyWire>>;
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    wire = await startLossyWire(given('POSTGRES_URL'), COMMITTED);
    world = await startWorld({ POSTGRES_URL: wire.url });
    buyer = await world.login();
  });
  after(async () => {
    await world?.stop();
    await wire?.stop();
  });

  const bookingsOf = (holdId: string) =>
    world.rows<{ id: string }>('select id from bookings where hold_id = $1', [holdId]);

  async function expectSoldOnce(bookingId: string): Promise<void> {
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    const lines = await world.sandbox.bookOf(bookingId);
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include({ captures: 1, captured: 9_600, refunded: 0 });
    const doubled = await world.rows(
      `select aggregate_id, action from audit_entries where aggregate_id = $1
       group by 1, 2 having count(*) > 1`,
      [bookingId],
    );
    expect(doubled).to.deep.equal([]);
  }

  it('is never answered before it is known, nor placed again by a repeat', async () => {
    const offer = makeOffer(buyer.userId);
    const signed = await world.signOffer(offer);
    const lost = wire.loseAnswer(offer.holdId);
    let answered = false;
    const first = buyer.book(signed).finally(() => {
      answered = true;
    });
    await lost.sprung;
    const [placed] = await waitUntil('the booking to be stored', async () => {
      const found = await bookingsOf(offer.holdId);
      return found.length > 0 && found;
    });
    await nextTurn();
    expect(answered, 'answered before the store did').to.equal(false);
    lost.cut();
    expect((await first).status).to.equal(503);
    const again = await buyer.book(signed);
    expect(again.status, JSON.stringify(again.body)).to.equal(202);
    expect(again.body.booking.bookingId).to.equal(placed?.id);
    expect(await bookingsOf(offer.holdId)).to.have.lengthOf(1);
    await expectSoldOnce(placed?.id ?? '');
  });

  type Lost = ReturnType<typeof wire.loseAnswer>;

  /** The step is written when its commit is lost; it goes on all the same, and only once. */
  async function expectOneEffect(bookingId: string, lost: Lost, status: string): Promise<void> {
    await lost.sprung;
    const written = await world.rows('select status from bookings where id = $1', [bookingId]);
    lost.cut();
    expect(written).to.deep.equal([{ status }]);
    await expectSoldOnce(bookingId);
  }

  async function place(parts: { pin?: 'silent' } = {}): Promise<string> {
    const offer = makeOffer(buyer.userId);
    if (parts.pin) world.catalog.policies.set(offer.holdId, parts.pin);
    return (await buyer.book(await world.signOffer(offer))).body.booking.bookingId;
  }

  /** The provider's call that is under way: the commit that settles it names it. */
  const callOf = async (bookingId: string) =>
    (
      await world.rows<{ id: string }>(
        `select id from provider_calls where booking_id = $1 and status = 'requested'`,
        [bookingId],
      )
    )[0]?.id ?? '';

  it('of an authorization has one effect, and the checkout goes on', async () => {
    await world.sandbox.fail({ route: 'create', kind: 'late', delayMs: 500, times: 1 });
    const bookingId = await place();
    await expectOneEffect(bookingId, wire.loseAnswer(await callOf(bookingId)), 'authorized');
  });

  it('of a pin has one effect, and the checkout goes on', async () => {
    const bookingId = await place({ pin: 'silent' });
    const asked = await world.catalog.hears(bookingId, 'booking.authorized.v1');
    const pinned = world.catalog.holdMessage(holdPinned, asked.data as BookingState);
    const lost = wire.loseAnswer(bookingId, '"kind":"capture"');
    await world.bus.publish([pinned]);
    await expectOneEffect(bookingId, lost, 'capturing');
  });

  it('of a capture has one effect, and the checkout ends', async () => {
    await world.sandbox.fail({ route: 'capture', kind: 'late', delayMs: 500, times: 1 });
    const bookingId = await place();
    await waitUntil('the capture to be under way', async () => {
      const [line] = await world.sandbox.bookOf(bookingId);
      return line?.captures === 1;
    });
    await expectOneEffect(bookingId, wire.loseAnswer(await callOf(bookingId)), 'confirmed');
  });

  it('is answered only by a store that keeps what it has committed', async () => {
    const { postgres } = await world.service.ready;
    const { rows } = await postgres.pool.query(
      `select name, setting from pg_settings
       where name in ('fsync', 'full_page_writes', 'synchronous_commit') order by name`,
    );
    expect(rows).to.deep.equal([
      { name: 'fsync', setting: 'on' },
      { name: 'full_page_writes', setting: 'on' },
      { name: 'synchronous_commit', setting: 'on' },
    ]);
  });
});
