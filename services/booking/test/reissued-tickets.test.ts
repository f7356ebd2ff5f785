import { isRefusal } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { expect } from 'chai';
import { reissueTickets } from '../src/operations/reissue-tickets.ts';
import { lockBookings } from '../src/stores/bookings.ts';
import { makeOffer } from './catalog.ts';
import { startWorld, type World } from './world.ts';

describe('tickets that get a new holder', () => {
  let world: World;
  let db: Database;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    db = (await world.service.ready).postgres.db;
  });
  after(() => world?.stop());

  async function sell() {
    const buyer = await world.login();
    const offer = await world.signOffer(makeOffer(buyer.userId));
    const { bookingId } = (await buyer.book(offer)).body.booking;
    const { seats } = await buyer.outcome(bookingId);
    return {
      buyer,
      bookingId,
      ticketIds: seats.map((seat: { ticketId: string }) => seat.ticketId),
    };
  }
  const reissue = (bookingId: string, ticketIds: string[], holderId: string) =>
    db.transaction(async (tx) => {
      await lockBookings(tx, [bookingId]);
      const wanted = ticketIds.map((ticketId) => ({ ticketId, holderId }));
      return reissueTickets(tx, wanted, systemOrigin('test', newId()));
    });
  const ticketsOf = (bookingId: string) =>
    world.rows<{ epoch: number; holder: string; version: number; revoked: boolean }>(
      `select epoch, holder_id as holder, version, revoked_at is not null as revoked from tickets
       where booking_id = $1 order by id`,
      [bookingId],
    );

  it('begin with the buyer; a new holder brings the next epoch and an audit entry', async () => {
    const { buyer, bookingId, ticketIds } = await sell();
    const old = { epoch: 1, holder: buyer.userId, version: 2, revoked: false };
    expect(await ticketsOf(bookingId)).to.deep.equal([old, old]);
    const other = newId();
    await reissue(bookingId, ticketIds.slice(0, 1), other);
    expect(await ticketsOf(bookingId)).to.have.deep.members([
      { epoch: 2, holder: other, version: 3, revoked: true },
      old,
    ]);
    const entries = await world.rows(
      `select action, old_status, new_status, metadata ->> 'holderId' as holder,
         metadata ->> 'formerHolderId' as former
       from audit_entries where aggregate_id = $1 order by seq desc limit 1`,
      [ticketIds[0]],
    );
    expect(entries).to.deep.equal([
      {
        action: 'ticket.reissued',
        old_status: 'live',
        new_status: 'live',
        holder: other,
        former: buyer.userId,
      },
    ]);
  });

  it('stay all as they are when one of them is void or was used', async () => {
    for (const [damage, code] of [
      [`status = 'void'`, 'ticket_void'],
      ['first_entered_at = now(), passages = 1, is_inside = true', 'ticket_used'],
    ]) {
      const { buyer, bookingId, ticketIds } = await sell();
      await world.rows(`update tickets set ${damage} where id = $1`, [ticketIds[1]]);
      const outcome = await reissue(bookingId, ticketIds, newId());
      expect(isRefusal(outcome) && outcome.code).to.equal(code);
      const holders = (await ticketsOf(bookingId)).map(({ holder, epoch }) => ({ holder, epoch }));
      const same = { holder: buyer.userId, epoch: 1 };
      expect(holders).to.deep.equal([same, same]);
    }
  });
});
