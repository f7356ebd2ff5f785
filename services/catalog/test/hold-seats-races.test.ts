import {
  bookingAuthorized,
  bookingConfirmed,
  bookingFailed,
} from '@holdfast/shared/contracts/bookings.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { limitsOf, readCatalogConfig } from '../src/config.ts';
import type { Event } from '../src/event.ts';
import type { Hold } from '../src/hold.ts';
import { addSeats } from '../src/operations/add-seats.ts';
import { expireHold } from '../src/operations/expire-hold.ts';
import { finishHold } from '../src/operations/finish-hold.ts';
import { createTurns } from '../src/turns.ts';
import { changing } from './changing.ts';
import { bookingOf, seatIds, startWorld, type User, type World } from './world.ts';

const ORIGIN = systemOrigin('test', newId());

/** Each test makes one order of steps happen, or leaves a change half done as a killed process does. */
describe('a change of the seats of a hold', () => {
  let world: World;
  const { held, add, drop } = changing(() => world);
  before(async () => {
    world = await startWorld({
      RESUME_AFTER_MS: '1',
      ORPHAN_AFTER_MS: '300',
      SWEEP_INTERVAL_MS: '600000',
      MAX_SEATS_PER_USER: '20',
    });
    await world.catalog.relay.stop();
    await world.catalog.sweeper.stop();
  });
  after(() => world.stop());

  /** An addition in which something happens after its seats were taken, before its document. */
  function addWhile(
    buyer: User,
    hold: Hold,
    seats: string[],
    meanwhile: () => Promise<unknown>,
    key?: string,
  ) {
    let first = true;
    const { changes } = world.stores;
    return addSeats(
      {
        ...world.stores,
        changes: {
          ...changes,
          async add(...write) {
            if (first) await meanwhile();
            first = false;
            return changes.add(...write);
          },
        },
        limits: limitsOf(readCatalogConfig(world.environment)),
        inTurn: createTurns(),
        events: {
          find: async (eventId) =>
            (await world.db.collection<Event>('events').findOne({ _id: eventId })) ?? undefined,
        },
      },
      {
        holdId: hold._id,
        userId: buyer.userId,
        seatIds: seats,
        idempotencyKey: key,
        origin: ORIGIN,
      },
    );
  }
  const code = (answer: object) => ('code' in answer ? answer.code : 'added');
  const statuses = async (eventId: string) =>
    (await world.seats(eventId)).map((seat) => seat.status);
  const counts = async (buyer: User, eventId: string) =>
    (await world.claims(buyer.userId, eventId)).map((claim) => claim.n);

  /** A process killed after it took the seats of an addition. */
  async function brokenOff(buyer: User, hold: Hold, seats: string[], key?: string): Promise<void> {
    const killed = new Error('killed');
    await addWhile(buyer, hold, seats, () => Promise.reject(killed), key).then(
      () => expect.fail('The addition was not killed'),
      (error) => expect(error).to.equal(killed),
    );
  }

  describe('that adds', () => {
    it('loses to a pin that comes first, and leaves it its seats', async () => {
      const { buyer, hold, eventId } = await held(1, 2);
      const booking = bookingOf(hold);
      const pin = () => world.send(bookingAuthorized, booking);
      expect(code(await addWhile(buyer, hold, ['GENERAL-2'], pin))).to.equal('hold_in_checkout');
      expect(await statuses(eventId)).to.deep.equal(['committing', 'available']);
      expect(await counts(buyer, eventId)).to.deep.equal([1]);
    });

    it('makes a pin by the offer before it be refused, and one by the offer after it be granted', async () => {
      const { buyer, hold, eventId } = await held(1, 2);
      await add(buyer, hold, ['GENERAL-2']);
      await world.send(bookingAuthorized, bookingOf(hold));
      const refused = (await world.hold(hold._id)).outbox.at(-1);
      expect(refused?.data).to.deep.include({ reason: 'seats_mismatch' });
      expect(await statuses(eventId)).to.deep.equal(['held', 'held']);
      const booking = bookingOf(await world.hold(hold._id));
      await world.send(bookingAuthorized, booking);
      expect(await statuses(eventId)).to.deep.equal(['committing', 'committing']);
      for (const claim of await world.claims(buyer.userId, eventId)) {
        expect(claim.expiresAt).to.equal(null);
      }
      await world.send(bookingConfirmed, booking);
      expect(await statuses(eventId)).to.deep.equal(['sold', 'sold']);
      expect(await counts(buyer, eventId)).to.deep.equal([1, 1]);
    });

    it('comes after an undone pin in the next round, and is pinned with the rest', async () => {
      const { buyer, hold, eventId } = await held(1, 2);
      const failed = bookingOf(hold);
      await world.send(bookingAuthorized, failed);
      await world.send(bookingFailed, failed);
      expect((await add(buyer, hold, ['GENERAL-2'])).status).to.equal(200);
      await world.send(bookingAuthorized, bookingOf(await world.hold(hold._id)));
      expect(await statuses(eventId)).to.deep.equal(['committing', 'committing']);
      for (const claim of await world.claims(buyer.userId, eventId)) {
        expect([claim.round, claim.expiresAt]).to.deep.equal([1, null]);
      }
    });

    it('loses to the end of the hold, and leaves nothing of it held', async () => {
      const { buyer, hold, eventId } = await held(1, 2, {}, 1);
      const end = () =>
        waitUntil('the hold to expire', async () => {
          const found = await world.stores.holds.find(hold._id);
          return found && (await expireHold(world.stores, found));
        });
      expect(code(await addWhile(buyer, hold, ['GENERAL-2'], end))).to.equal('hold_expired');
      expect(await statuses(eventId)).to.deep.equal(['available', 'available']);
      expect(await counts(buyer, eventId)).to.deep.equal([]);
    });

    it('goes once more where another addition came first: both are in', async () => {
      const { buyer, hold, eventId } = await held(1, 3);
      const other = () => add(buyer, hold, ['GENERAL-2']);
      expect(code(await addWhile(buyer, hold, ['GENERAL-3'], other))).to.equal('added');
      const after = await world.hold(hold._id);
      expect(after.seats.map((seat) => seat.seatId)).to.deep.equal(seatIds(3));
      expect(await counts(buyer, eventId)).to.deep.equal([1, 1, 1]);
    });

    it('shares a hold with ten others in parallel: each gets in that fits the order', async () => {
      const { buyer, hold, eventId } = await held(1, 12);
      const more = seatIds(12).slice(1);
      const answers = await Promise.all(more.map((seatId) => add(buyer, hold, [seatId])));
      const added = answers.filter((one) => one.status === 200);
      const refused = answers.filter((one) => one.body.code === 'too_many_seats');
      expect([added.length, refused.length]).to.deep.equal([5, 6]);
      expect((await world.hold(hold._id)).seats).to.have.length(6);
      expect((await statuses(eventId)).filter((status) => status === 'held')).to.have.length(6);
    });

    it('competes with additions of other holds for the same seats: one of them wins', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { buyer, hold, eventId } = await held(1, 5);
        const rivals: [User, Hold][] = [[buyer, hold]];
        for (const seatId of ['GENERAL-2', 'GENERAL-3']) {
          const rival = await world.user();
          const { body } = await world.take(rival, eventId, [seatId]);
          rivals.push([rival, await world.hold(body.hold.holdId)]);
        }
        const wanted = ['GENERAL-4', 'GENERAL-5'];
        const answers = await Promise.all(
          rivals.map(([as, of], index) => add(as, of, index % 2 ? wanted : wanted.toReversed())),
        );
        const codes = answers.map((one) => one.body.code ?? 'added').sort();
        expect(codes).to.deep.equal(['added', 'seat_unavailable', 'seat_unavailable']);
      }
    });

    it('is given back by the sweeper where its process died; the hold keeps its seats', async () => {
      const { buyer, hold, eventId } = await held(1, 3);
      await brokenOff(buyer, hold, ['GENERAL-2', 'GENERAL-3']);
      expect(await statuses(eventId)).to.deep.equal(['held', 'held', 'held']);
      await waitUntil('the seats to be freed', async () => {
        await world.catalog.sweeper.runOnce();
        return (await statuses(eventId)).join() === 'held,available,available';
      });
      expect(await counts(buyer, eventId)).to.deep.equal([1]);
      await world.send(bookingAuthorized, bookingOf(hold));
      expect((await world.hold(hold._id)).state).to.equal('pinned');
    });

    it('can not come to life once the sweeper gave its seats back, however late it goes on', async () => {
      const { buyer, hold, eventId } = await held(1, 2);
      const rival = await world.user();
      const sweep = async () => {
        await waitUntil('the seat to be freed', async () => {
          await world.catalog.sweeper.runOnce();
          return (await world.seat(eventId, 'GENERAL-2')).status === 'available';
        });
        expect((await world.take(rival, eventId, ['GENERAL-2'])).status).to.equal(201);
      };
      expect(code(await addWhile(buyer, hold, ['GENERAL-2'], sweep))).to.equal('seat_unavailable');
      expect((await world.hold(hold._id)).seats).to.deep.equal(hold.seats);
      expect(await counts(buyer, eventId)).to.deep.equal([1]);
      expect(await counts(rival, eventId)).to.deep.equal([1]);
    });

    it('is repeated under its key: in flight while young, then given back and done anew', async () => {
      const { buyer, hold, eventId } = await held(1, 2);
      await brokenOff(buyer, hold, ['GENERAL-2'], 'key');
      const young = await add(buyer, hold, ['GENERAL-2'], 'key');
      expect([young.status, young.body.code]).to.deep.equal([409, 'request_in_flight']);
      const added = await waitUntil('the try to count as broken off', async () => {
        const answer = await add(buyer, hold, ['GENERAL-2'], 'key');
        return answer.status === 200 && answer;
      });
      expect(added.body.hold.seats).to.have.length(2);
      expect(await counts(buyer, eventId)).to.deep.equal([1, 1]);
    });
  });

  describe('that drops', () => {
    const beginDrop = async (hold: Hold, seatId: string) => {
      const begun = await world.stores.changes.beginDrop(
        await world.hold(hold._id),
        { kind: 'drop', id: newId(), fingerprint: '', seatIds: [seatId] },
        ORIGIN,
      );
      if (!begun) throw new Error('could not begin the drop');
      return begun;
    };

    it('is finished by a pin that meets it half done: by the old offer refused, by the new granted', async () => {
      const { buyer, hold, eventId } = await held(2, 2);
      await beginDrop(hold, 'GENERAL-1');
      await world.send(bookingAuthorized, bookingOf(hold));
      expect((await world.hold(hold._id)).outbox.at(-1)?.data).to.deep.include({
        reason: 'seats_mismatch',
      });
      expect(await statuses(eventId)).to.deep.equal(['available', 'held']);
      await world.send(bookingAuthorized, bookingOf(await world.hold(hold._id)));
      expect(await statuses(eventId)).to.deep.equal(['available', 'committing']);
      expect(await counts(buyer, eventId)).to.deep.equal([1]);
    });

    it('is refused once the hold is pinned, and leaves the pin its seats', async () => {
      const { buyer, hold, eventId } = await held(2, 2);
      await world.send(bookingAuthorized, bookingOf(hold));
      const { status, body } = await drop(buyer, hold, 'GENERAL-1');
      expect([status, body.code]).to.deep.equal([409, 'hold_in_checkout']);
      expect(await statuses(eventId)).to.deep.equal(['committing', 'committing']);
    });

    it('races a pin of the same offer: one of the two, never a seat that is both', async () => {
      for (let round = 0; round < 12; round += 1) {
        const { buyer, hold, eventId } = await held(2, 2);
        const [dropped] = await Promise.all([
          drop(buyer, hold, 'GENERAL-1'),
          world.send(bookingAuthorized, bookingOf(hold)),
        ]);
        const state = (await world.hold(hold._id)).state;
        expect([dropped.status, state, await statuses(eventId)]).to.deep.equal(
          state === 'pinned'
            ? [409, 'pinned', ['committing', 'committing']]
            : [200, 'held', ['available', 'held']],
        );
      }
    });

    for (const seatsDone of [false, true]) {
      const when = seatsDone ? 'after its seat' : 'before its seat';

      it(`is finished by the sweeper where it broke off ${when}`, async () => {
        const { buyer, hold, eventId } = await held(2, 2);
        const begun = await beginDrop(hold, 'GENERAL-2');
        if (seatsDone) await world.stores.seats.freeDropped(begun, ['GENERAL-2']);
        const shown = await world.call('GET', `/api/holds/${hold._id}`, { as: buyer });
        expect([shown.body.hold.status, shown.body.hold.seats.length]).to.deep.equal(['held', 1]);
        await waitUntil('the drop to be finished', async () => {
          await world.catalog.sweeper.runOnce();
          return (await world.hold(hold._id)).state === 'held';
        });
        expect(await statuses(eventId)).to.deep.equal(['held', 'available']);
        expect(await counts(buyer, eventId)).to.deep.equal([1]);
        expect((await world.hold(hold._id)).outbox.at(-1)?.type).to.equal('hold.changed.v1');
      });
    }

    it('is finished by the owner who extends, adds or releases next', async () => {
      const acts = [
        (buyer: User, hold: Hold) =>
          world.call('POST', `/api/holds/${hold._id}/extend`, {
            as: buyer,
            body: { durationSeconds: 60 },
          }),
        (buyer: User, hold: Hold) => add(buyer, hold, ['GENERAL-3']),
        (buyer: User, hold: Hold) => world.call('DELETE', `/api/holds/${hold._id}`, { as: buyer }),
      ];
      const seen = [];
      for (const act of acts) {
        const { buyer, hold, eventId } = await held(2, 3);
        await beginDrop(hold, 'GENERAL-1');
        seen.push([(await act(buyer, hold)).status, ...(await statuses(eventId))]);
      }
      expect(seen).to.deep.equal([
        [200, 'available', 'held', 'available'],
        [200, 'available', 'held', 'held'],
        [200, 'available', 'available', 'available'],
      ]);
    });

    it('takes nothing from a later addition of the same seat, however late it is finished', async () => {
      const { buyer, hold, eventId } = await held(2, 2);
      const begun = await beginDrop(hold, 'GENERAL-2');
      await add(buyer, hold, ['GENERAL-2']);
      expect(await finishHold(world.stores, begun)).to.equal(null);
      expect((await world.seat(eventId, 'GENERAL-2')).hold?.id).to.equal(hold._id);
      expect(await statuses(eventId)).to.deep.equal(['held', 'held']);
      expect(await counts(buyer, eventId)).to.deep.equal([1, 1]);
    });
  });

  it('leaves seats, document and quota at one with each other, after a storm of all of them', async () => {
    const { buyer, hold, eventId } = await held(2, 8);
    const path = `/api/holds/${hold._id}`;
    await Promise.all(
      Array.from({ length: 36 }, (_, index) => {
        const seatId = `GENERAL-${(index % 7) + 2}`;
        if (index % 12 === 5) {
          return world.call('POST', `${path}/extend`, {
            as: buyer,
            body: { durationSeconds: 10 },
          });
        }
        return index % 3 === 0 ? drop(buyer, hold, seatId) : add(buyer, hold, [seatId]);
      }),
    );
    const after = await world.hold(hold._id);
    expect(after.state).to.equal('held');
    const own = (await world.seats(eventId)).filter((seat) => seat.status === 'held');
    expect(own.map((seat) => seat.seatId)).to.have.members(after.seats.map((one) => one.seatId));
    expect(after.totalMinor).to.equal(after.seats.length * 2500);
    const used = (await counts(buyer, eventId)).reduce((sum, n) => sum + n, 0);
    expect(used).to.equal(after.seats.length);
    expect((await world.call('DELETE', path, { as: buyer })).status).to.equal(200);
    expect(await counts(buyer, eventId)).to.deep.equal([]);
    expect(new Set(await statuses(eventId))).to.deep.equal(new Set(['available']));
  });
});
