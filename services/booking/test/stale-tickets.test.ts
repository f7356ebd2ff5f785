import type { Database } from '@holdfast/shared/postgres/database.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { lockBookings } from '../src/stores/bookings.ts';
import { reserveTickets } from '../src/stores/tickets.ts';
import { makeOffer } from './catalog.ts';
import { startWorld, type World } from './world.ts';

describe('a booking that had to be waited for', () => {
  let world: World;
  let db: Database;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    db = (await world.service.ready).postgres.db;
  });
  after(() => world?.stop());

  it('comes with the tickets of the transaction before it, not with older ones', async () => {
    const buyer = await world.login();
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, 'silent');
    const { bookingId } = (await buyer.book(await world.signOffer(offer))).body.booking;
    await world.catalog.hears(bookingId, 'booking.authorized.v1');
    const reserved = Promise.withResolvers<void>();
    const waited = Promise.withResolvers<void>();
    const first = db.transaction(async (tx) => {
      await reserveTickets(tx, [...(await lockBookings(tx, [bookingId])).values()]);
      reserved.resolve();
      await waited.promise;
    });
    await reserved.promise;
    const second = db.transaction((tx) => lockBookings(tx, [bookingId]));
    await waitUntil('the second to wait', async () => {
      const waiting = await world.rows(
        `select from pg_stat_activity where datname = current_database()
         and wait_event_type = 'Lock' and query like '%for update%'`,
      );
      return waiting.length > 0;
    });
    waited.resolve();
    await first;
    const statuses = (await second).get(bookingId)?.seats.map(({ ticketStatus }) => ticketStatus);
    expect(statuses).to.deep.equal(offer.seats.map(() => 'reserved'));
  });
});
