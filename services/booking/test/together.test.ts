import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { holdPinned } from '@holdfast/shared/contracts/holds.ts';
import type { Offer } from '@holdfast/shared/contracts/offer.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { expect } from 'chai';
import { receivePin } from '../src/operations/receive-pin.ts';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

/** The event whose bookings the database refuses. */
const POISON = newId();

describe('checkouts that go to the database together', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
    // Before there are bookings: a change of tables would wait in a ring with their transactions.
    await world.rows(`create function refuse_poison() returns trigger language plpgsql as $$
      begin raise exception 'poison'; end $$`);
    await world.rows(`create trigger poison before insert on bookings for each row
      when (new.event_id = '${POISON}') execute function refuse_poison()`);
  });
  after(() => world?.stop());

  const bookAll = async (offers: readonly Offer[], by: Client = buyer) => {
    const signed = await Promise.all(offers.map((offer) => world.signOffer(offer)));
    return Promise.all(signed.map((offer) => by.book(offer)));
  };
  const offers = (count: number, parts: Partial<Offer> = {}) =>
    Array.from({ length: count }, () => makeOffer(buyer.userId, parts));

  it('are answered each for itself: what is refused leaves no trace, the others are placed', async () => {
    const good = offers(5);
    const expired = makeOffer(buyer.userId, { expiresAt: '2020-01-01T00:00:00.000Z' });
    const tooMany = makeOffer(buyer.userId, { maxPerUser: 1 });
    const all = [...good, expired, tooMany];
    const answers = await bookAll(all);
    expect(answers.map(({ status, body }) => body.code ?? status)).to.deep.equal([
      ...good.map(() => 202),
      'offer_expired',
      'quota_exceeded',
    ]);
    const traces = await world.rows<{ hold_id: string }>(
      `select hold_id from bookings where hold_id = any($1::uuid[])
       union all select hold_id from hold_claims where hold_id = any($1::uuid[])`,
      [all.map(({ holdId }) => holdId)],
    );
    expect(traces.map((row) => row.hold_id).sort()).to.deep.equal(
      good.flatMap(({ holdId }) => [holdId, holdId]).sort(),
    );
    const quotas = await world.rows('select from buyer_quotas where event_id = any($1::uuid[])', [
      [expired.eventId, tooMany.eventId],
    ]);
    expect(quotas.length).to.equal(0);
  });

  it('keep the limit of an account and the one booking of a hold, however many come at once', async () => {
    const eventId = newId();
    const single = offers(12, { eventId, maxPerUser: 8 }).map((offer, index) => ({
      ...offer,
      seats: [makeSeat(`L-${index}`)],
      totalMinor: 4_800,
    }));
    const answers = await bookAll(single);
    expect(answers.filter(({ status }) => status === 202).length).to.equal(8);
    expect(answers.filter(({ body }) => body.code === 'quota_exceeded').length).to.equal(4);

    const offer = await world.signOffer(makeOffer(buyer.userId));
    const rivals = await Promise.all(
      Array.from({ length: 10 }, () => buyer.book(offer, 'pm_card_visa', newId())),
    );
    expect(rivals.filter(({ status }) => status === 202).length).to.equal(1);
    expect(rivals.filter(({ body }) => body.code === 'hold_already_booked').length).to.equal(9);
  });

  it('fail alone when the database refuses one: the others are placed', async () => {
    const poisoned = makeOffer(buyer.userId, { eventId: POISON });
    const answers = await bookAll([...offers(3), poisoned, ...offers(3)]);
    expect(answers.map(({ status }) => status)).to.deep.equal([202, 202, 202, 500, 202, 202, 202]);
  });

  it('give a seat to one of its rivals, and leave the bookings beside them alone', async () => {
    const other = await world.login();
    const eventId = newId();
    const of = (client: Client, seatIds: string[]) =>
      makeOffer(client.userId, {
        eventId,
        seats: seatIds.map((seatId) => makeSeat(seatId)),
        totalMinor: 4_800 * seatIds.length,
      });
    const wanted = [of(buyer, ['R-1', 'R-2']), of(other, ['R-2', 'R-3']), of(other, ['R-4'])];
    for (const { holdId } of wanted) world.catalog.policies.set(holdId, 'silent');
    const placed = [
      ...(await bookAll(wanted.slice(0, 1))),
      ...(await bookAll(wanted.slice(1), other)),
    ].map(({ body }) => body.booking.bookingId as string);
    const pins = await Promise.all(
      placed.map(async (bookingId) => {
        const asked = await world.catalog.hears(bookingId, 'booking.authorized.v1');
        return world.catalog.holdMessage(holdPinned, asked.data as BookingState);
      }),
    );
    const { checkout } = await world.service.ready;
    // Asked for in one turn, so in one transaction.
    await Promise.all(
      pins.map((pin) => receivePin(checkout, pin as Parameters<typeof receivePin>[1])),
    );
    const outcomes = await Promise.all([
      buyer.outcome(placed[0] ?? ''),
      other.outcome(placed[1] ?? ''),
      other.outcome(placed[2] ?? ''),
    ]);
    expect(
      outcomes
        .map(({ status }) => status)
        .slice(0, 2)
        .sort(),
    ).to.deep.equal(['confirmed', 'failed']);
    expect(outcomes[2]).to.include({ status: 'confirmed' });
    const loser = outcomes.find(({ status }) => status === 'failed');
    expect(loser?.reason).to.equal('seat_conflict');
    const tickets = await world.rows<{ seat_id: string; status: string }>(
      'select seat_id, status from tickets where event_id = $1 order by seat_id',
      [eventId],
    );
    expect(tickets.map(({ status }) => status)).to.deep.equal(tickets.map(() => 'live'));
    expect(tickets.length).to.equal(3);
  });
});
