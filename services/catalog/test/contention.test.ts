import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { abortedHold } from '../src/operations/abort-hold.ts';
import type { Seat } from '../src/seat.ts';
import type { Order } from './rival.ts';
import { ask, startRivals, stopRival } from './rivals.ts';
import { seatIds, startWorld, type World } from './world.ts';

describe('contention', () => {
  let world: World;
  before(async () => {
    // Seats taken without a hold stay as they are: the sweeper would free them after 15 s.
    world = await startWorld({ ORPHAN_AFTER_MS: '600000' });
  });
  after(() => world.stop());

  it('lets exactly one of 200 parallel holds of one seat win, and refuses 199', async function () {
    this.timeout(60_000);
    const eventId = await world.event(1);
    const buyers = await Promise.all(Array.from({ length: 200 }, () => world.user()));
    const answers = await Promise.all(
      buyers.map((buyer) => world.take(buyer, eventId, ['GENERAL-1'])),
    );
    const counts = Object.groupBy(answers, (one) => one.body.code ?? 'taken');
    expect(Object.keys(counts).sort()).to.deep.equal(['seat_unavailable', 'taken']);
    expect(counts.taken).to.have.length(1);
    const seat = await world.seat(eventId, 'GENERAL-1');
    expect(seat.hold?.id).to.equal(counts.taken?.[0]?.body.hold.holdId);
    expect(seat.version).to.equal(2);
    const holds = (await world.holds()).filter((hold) => hold.eventId === eventId);
    expect(holds).to.have.length(1);
  });

  it('has one winner in each of 2,000 rounds of 64 writers on one seat', async function () {
    this.timeout(300_000);
    const rounds = 2_000;
    const eventId = await world.event(rounds);
    let winners = 0;
    const round = async (seatId: string) => {
      const results = await Promise.all(
        Array.from({ length: 64 }, () =>
          world.stores.seats.takeOne(
            {
              eventId,
              onSaleAt: new Date(0),
              holdId: newId(),
              userId: newId(),
              attemptId: newId(),
              ttlMs: 600_000,
              notAfter: new Date('2099-01-01T00:00:00.000Z'),
            },
            seatId,
          ),
        ),
      );
      const won = results.filter((result) => result !== null);
      expect(won).to.have.length(1);
      winners += 1;
    };
    // One round after the other: rounds side by side only queue up behind one another.
    for (const seatId of seatIds(rounds)) await round(seatId);
    expect(winners).to.equal(rounds);
    const versions = (await world.seats(eventId)).map((seat) => seat.version);
    expect(new Set(versions)).to.deep.equal(new Set([2]));
  });

  it('keeps the quota of one account exact under parallel requests', async () => {
    const eventId = await world.event(40, { maxPerUser: 5 });
    const buyer = await world.user();
    const answers = await Promise.all(
      seatIds(40).map((seatId) => world.take(buyer, eventId, [seatId])),
    );
    const taken = answers.filter((one) => one.status === 201);
    expect(taken).to.have.length(5);
    expect(new Set(answers.map((one) => one.body.code))).to.deep.equal(
      new Set([undefined, 'quota_exceeded']),
    );
    const held = (await world.seats(eventId)).filter((seat) => seat.status === 'held');
    expect(held).to.have.length(5);
  });

  for (const [fate, expected] of [
    ['gives back', [201, undefined]],
    ['completes its hold', [409, 'seat_unavailable']],
  ] as const) {
    it(`waits for a rival that is not settled, and answers by its fate: it ${fate}`, async () => {
      const eventId = await world.event(2);
      const rival = { holdId: newId(), userId: newId(), attemptId: newId() };
      await world.stores.seats.takeOne(
        {
          ...rival,
          eventId,
          onSaleAt: new Date(0),
          ttlMs: 600_000,
          notAfter: new Date('2099-01-01T00:00:00.000Z'),
        },
        'GENERAL-2',
      );
      const answer = world.take(await world.user(), eventId, seatIds(2));
      // Taken at once, given back, taken again alone: from there it waits for the second seat.
      await waitUntil('the try to go alone', async () => {
        return (await world.seat(eventId, 'GENERAL-1')).version === 4;
      });
      if (fate === 'gives back') {
        await world.stores.seats.giveBack(eventId, rival.holdId, rival.attemptId);
      } else {
        const unborn = abortedHold({ ...rival, eventId }, { at: new Date(0) });
        await world.stores.holds.insert({ ...unborn, state: 'held' });
      }
      const { status, body } = await answer;
      expect([status, body.code]).to.deep.equal(expected);
      const [one] = await world.seats(eventId);
      expect([one?.status, one?.hold?.id]).to.deep.equal(
        status === 201 ? ['held', body.hold.holdId] : ['available', undefined],
      );
    });
  }

  it('lets a rival win of every overlapping set, in several processes, and leaves no half-owned hold', async function () {
    this.timeout(120_000);
    const rivals = await startRivals(world, 3);
    try {
      for (let round = 0; round < 25; round += 1) {
        const eventId = await world.event(6);
        const orders = rivals.map((_, index) => overlapping(eventId, round * 3 + index));
        const results = (
          await Promise.all(rivals.map((rival, n) => ask(rival, orders[n] ?? [])))
        ).flat();
        const seats = await world.seats(eventId);
        const wins = results.filter((result) => result !== 'seat_unavailable');
        expect(wins, `round ${round}`).to.not.have.length(0);
        await expectWhole(world, eventId, seats, wins);
      }
    } finally {
      await Promise.all(rivals.map(stopRival));
    }
  });
});

/** Orders for sets of a ring of six seats, each sharing seats with the others. */
function overlapping(eventId: string, seed: number): Order[] {
  const ring = seatIds(6);
  return Array.from({ length: 4 }, (_, n) => {
    const size = 3 + ((seed + n) % 3);
    const picked = Array.from({ length: size }, (_, k) => ring[(seed + n * 2 + k) % 6] ?? '');
    if (n % 2 === 1) picked.reverse();
    return { eventId, userId: newId(), seatIds: picked };
  });
}

/** Each hold owns every seat it names, and each held seat belongs to a hold that names it. */
async function expectWhole(world: World, eventId: string, seats: Seat[], wins: string[]) {
  const holds = (await world.holds()).filter((hold) => hold.eventId === eventId);
  expect(holds.map((hold) => hold._id).sort()).to.deep.equal([...wins].sort());
  const named = holds.flatMap((hold) => hold.seats.map((seat) => [seat.seatId, hold._id]));
  const owned = seats
    .filter((seat) => seat.status !== 'available')
    .map((seat) => [seat.seatId, seat.hold?.id]);
  expect(owned.sort()).to.deep.equal(named.sort());
}
