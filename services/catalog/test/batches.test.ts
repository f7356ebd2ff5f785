import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { Hold } from '../src/hold.ts';
import { abortedHold } from '../src/operations/abort-hold.ts';
import type { Seat } from '../src/seat.ts';
import { createQuotas } from '../src/stores/quotas.ts';
import type { Take } from '../src/stores/seat-rules.ts';
import { createStoreClock } from '../src/stores/store-clock.ts';
import { ask, startRivals, stopRival } from './rivals.ts';
import { seatIds, startWorld, type World } from './world.ts';

const FAR = new Date('2099-01-01T00:00:00.000Z');

describe('holds that go to the store together', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ ORPHAN_AFTER_MS: '600', SWEEP_INTERVAL_MS: '600000' });
    await world.catalog.sweeper.stop();
  });
  after(() => world.stop());

  const take = (eventId: string, parts: Partial<Take> = {}): Take => ({
    eventId,
    onSaleAt: new Date(0),
    holdId: newId(),
    userId: newId(),
    attemptId: newId(),
    ttlMs: 600_000,
    notAfter: FAR,
    ...parts,
  });
  const set = (eventId: string, seatId: string, members: Partial<Seat>) =>
    world.db
      .collection<Seat>('seats')
      .updateOne({ _id: `${eventId}:${seatId}` }, { $set: members });

  it('take each its own seats, of several events and for its own time', async () => {
    const [one, two] = [await world.event(4), await world.event(3)];
    const hold = { id: 'old', userId: 'u', attemptId: 'a', round: 0, takenAt: new Date(0) };
    await set(one, 'GENERAL-1', { status: 'held', hold: { ...hold, expiresAt: new Date(0) } });
    await set(one, 'GENERAL-2', { status: 'held', hold: { ...hold, expiresAt: FAR } });
    await set(one, 'GENERAL-3', { status: 'sold' });
    await set(two, 'GENERAL-3', { status: 'blocked' });
    const soon = new Date(Date.now() + 5_000);
    const tries: [Take, string[]][] = [
      [take(one), ['GENERAL-1']],
      [take(one), ['GENERAL-2', 'GENERAL-4']],
      [take(one, { ttlMs: 60_000 }), ['GENERAL-3']],
      [take(two, { notAfter: soon }), ['GENERAL-1', 'GENERAL-2']],
      [take(two), ['GENERAL-3', 'GENERAL-9']],
      [take(two, { onSaleAt: FAR }), ['GENERAL-2']],
    ];
    const won = await Promise.all(
      tries.map(([wish, wanted]) => world.stores.seats.takeMany(wish, wanted)),
    );
    expect(won.map((seats) => seats.map((seat) => seat._id).sort())).to.deep.equal([
      [`${one}:GENERAL-1`],
      [`${one}:GENERAL-4`],
      [],
      [`${two}:GENERAL-1`, `${two}:GENERAL-2`],
      [],
      [],
    ]);
    for (const [index, seats] of won.entries()) {
      const wish = tries[index]?.[0];
      for (const { hold: claim, status, version } of seats) {
        expect([status, version]).to.deep.equal(['held', 2]);
        expect([claim?.id, claim?.userId, claim?.attemptId, claim?.round]).to.deep.equal([
          wish?.holdId,
          wish?.userId,
          wish?.attemptId,
          0,
        ]);
        const end = (claim?.takenAt.getTime() ?? 0) + 600_000;
        expect(claim?.expiresAt).to.deep.equal(index === 3 ? soon : new Date(end));
      }
    }
  });

  it('fail alone when poisoned, and leave nothing of theirs behind', async () => {
    const eventId = await world.event(20);
    const tries = seatIds(20).map((seatId, index) => ({
      seatId,
      wish: take(eventId, index === 7 ? { ttlMs: 'soon' as unknown as number } : {}),
    }));
    const results = await Promise.allSettled(
      tries.map(({ wish, seatId }) => world.stores.seats.takeMany(wish, [seatId])),
    );
    expect(results.map((one) => one.status === 'fulfilled' && one.value.length)).to.deep.equal(
      tries.map((_, index) => (index === 7 ? false : 1)),
    );
    expect((await world.seats(eventId)).map((seat) => [seat.status, seat.version])).to.deep.equal(
      tries.map((_, index) => (index === 7 ? ['available', 1] : ['held', 2])),
    );
  });

  it('claim each its own quota, under its own cap', async () => {
    const { quotas } = world.stores;
    const claiming = (userId: string, holdId: string, n: number, cap: number, attemptId = holdId) =>
      quotas.claim({ userId, eventId: 'e', holdId, attemptId, n, cap, ttlMs: 60_000 });
    await claiming('ann', 'a', 3, 4);
    await claiming('eve', 'e', 1, 4);
    const answers = await Promise.all([
      claiming('ann', 'a2', 2, 4),
      claiming('bob', 'b', 2, 2),
      claiming('cat', 'c', 3, 2),
      claiming('eve', 'e', 1, 4, 'another try'),
      // The same account: one after the other, so the second finds what the first left.
      claiming('dan', 'd1', 2, 3),
      claiming('dan', 'd2', 2, 3),
    ]);
    expect(answers.map((one) => one.kind)).to.deep.equal([
      'full',
      'claimed',
      'full',
      'in_flight',
      'claimed',
      'full',
    ]);
    expect(answers.flatMap((one) => (one.kind === 'full' ? [one.used] : []))).to.deep.equal([
      3, 0, 2,
    ]);
    const [claim] = await quotas.find('bob', 'e');
    const lastsMs = (claim?.expiresAt?.getTime() ?? 0) - (claim?.takenAt.getTime() ?? 0);
    expect([claim?.holdId, claim?.n, lastsMs]).to.deep.equal(['b', 2, 70_000]);
  });

  it('claim once whatever of it is repeated, and find the claims that other processes made', async () => {
    const claiming = (holdId: string, attemptId: string) => ({
      ...{ userId: 'flo', eventId: 'e', holdId, attemptId, n: 1, cap: 3, ttlMs: 60_000 },
    });
    const [here, there] = [world.stores.quotas, createQuotas(world.db, createStoreClock(world.db))];
    const first = await here.claim(claiming('a', 'try'));
    expect(await there.claim(claiming('a', 'try'))).to.deep.equal(first);
    expect(await here.claim(claiming('a', 'try'))).to.deep.equal(first);
    expect((await there.claim(claiming('b', 'try b'))).kind).to.equal('claimed');
    expect((await there.claim(claiming('a', 'another'))).kind).to.equal('in_flight');
    const claims = await here.find('flo', 'e');
    expect(claims.map(({ holdId, attemptId }) => [holdId, attemptId])).to.deep.equal([
      ['a', 'try'],
      ['b', 'try b'],
    ]);
    if (first.kind !== 'claimed') throw new Error(first.kind);
    // By the store's clock, as far as it can be known beforehand.
    const { localTime } = await world.db.command({ hello: 1 });
    const leftMs = first.expiresAt.getTime() - (localTime as Date).getTime();
    expect(leftMs).to.be.within(65_000, 70_500);
  });

  it('insert each its own document; one that is there already stays as it is', async () => {
    const born = (holdId: string, attemptId: string) => ({
      ...abortedHold({ holdId, userId: 'u', eventId: 'e' }, { at: new Date(0) }),
      attemptId,
    });
    const [first, twice] = [newId(), newId()];
    await world.stores.holds.insert(born(first, 'winner'));
    await world.stores.holds.insert(born(twice, 'same'));
    const inserted = await Promise.all([
      world.stores.holds.insert(born(newId(), 'new')),
      world.stores.holds.insert(born(first, 'loser')),
      world.stores.holds.insert(born(twice, 'same')),
      world.stores.holds.insert(born(newId(), 'new')),
    ]);
    expect(inserted).to.deep.equal([true, false, true, true]);
    expect((await world.hold(first)).attemptId).to.equal('winner');
  });

  it('insert all but a document that no store takes, and fail that alone', async () => {
    const holds = Array.from({ length: 8 }, () =>
      abortedHold({ holdId: newId(), userId: 'u', eventId: 'e' }, { at: new Date(0) }),
    );
    const [poisoned] = holds.splice(5, 1);
    if (!poisoned) throw new Error('no hold');
    const endless: Record<string, unknown> = {};
    endless.self = endless;
    const results = await Promise.allSettled([
      ...holds.map((hold) => world.stores.holds.insert({ ...hold, attemptId: 'try' })),
      world.stores.holds.insert({ ...poisoned, event: endless as unknown as Hold['event'] }),
    ]);
    expect(results.map((one) => one.status === 'fulfilled' && one.value)).to.deep.equal([
      ...holds.map(() => true),
      false,
    ]);
    const stored = (await world.holds()).map((hold) => hold._id);
    expect(stored).to.include.members(holds.map((hold) => hold._id));
    expect(stored).to.not.include(poisoned._id);
  });

  it('keep quotas exact and holds whole, in three processes with overlapping batches', async function () {
    this.timeout(120_000);
    const rivals = await startRivals(world, 3);
    let most = 0;
    try {
      for (let round = 0; round < 4; round += 1) {
        const eventId = await world.event(30, { maxPerUser: 5 });
        const users = Array.from({ length: 5 }, () => newId());
        const orders = rivals.map((_, rival) =>
          Array.from({ length: 40 }, (_, n) => ({
            eventId,
            userId: users[n % users.length] ?? '',
            seatIds: Array.from(
              { length: 1 + ((n + round) % 3) },
              (_, k) => `GENERAL-${1 + ((n * 7 + rival * 11 + k * (1 + (n % 4))) % 30)}`,
            ),
          })).filter((order) => new Set(order.seatIds).size === order.seatIds.length),
        );
        await Promise.all(rivals.map((rival, n) => ask(rival, orders[n] ?? [])));
        await expectWhole(eventId);
        for (const userId of users) {
          const owned = (await world.holds())
            .filter((hold) => hold.userId === userId)
            .flatMap((hold) => hold.seats);
          expect(owned.length).to.be.at.most(5);
          most = Math.max(most, owned.length);
          const claims = await world.claims(userId, eventId);
          expect(claims.reduce((sum, claim) => sum + claim.n, 0)).to.equal(owned.length);
        }
      }
      expect(most, 'seats of one account').to.be.within(4, 5);
    } finally {
      await Promise.all(rivals.map(stopRival));
    }
  });

  it('leave nothing held for ever when their process is killed in mid-batch', async function () {
    this.timeout(120_000);
    for (const afterSeats of [1, 40, 120]) {
      const eventId = await world.event(240);
      const [rival] = await startRivals(world, 1);
      if (!rival) throw new Error('no rival');
      const orders = Array.from({ length: 80 }, (_, n) => ({
        eventId,
        userId: newId(),
        seatIds: [1, 2, 3].map((k) => `GENERAL-${n * 3 + k}`),
      }));
      const answered = ask(rival, orders);
      await waitUntil(
        'seats of the batch',
        async () =>
          (await world.db
            .collection('seats')
            .countDocuments({ eventId, status: 'held' }, { limit: afterSeats })) >= afterSeats,
        { everyMs: 1 },
      );
      rival.kill('SIGKILL');
      await answered;
      await waitUntil('every held seat to belong to a hold', async () => {
        await world.catalog.sweeper.runOnce();
        const named = (await world.holds())
          .filter((hold) => hold.eventId === eventId && hold.state === 'held')
          .flatMap((hold) => hold.seats);
        const held = (await world.seats(eventId)).filter((seat) => seat.status !== 'available');
        return held.length === named.length;
      });
      await expectWhole(eventId);
    }
  });

  /** Each living hold owns every seat it names, and each held seat belongs to one that names it. */
  async function expectWhole(eventId: string): Promise<void> {
    const holds = (await world.holds()).filter(
      (hold) => hold.eventId === eventId && hold.state === 'held',
    );
    const named = holds.flatMap((hold) => hold.seats.map((seat) => [seat.seatId, hold._id]));
    const owned = (await world.seats(eventId))
      .filter((seat) => seat.status !== 'available')
      .map((seat) => [seat.seatId, seat.hold?.id]);
    expect(owned.sort()).to.deep.equal(named.sort());
  }
});
