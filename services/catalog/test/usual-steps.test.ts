import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { expect } from 'chai';
import { decide, type Hold, type HoldState, MIDDLE_STATES, type PinCommand } from '../src/hold.ts';
import { bookingOf, seatIds, startWorld, type World } from './world.ts';

const USUAL_FROM: Readonly<Record<PinCommand['kind'], HoldState | 'none'>> = {
  pin: 'held',
  confirm: 'pinned',
  fail: 'pinned',
  cancel: 'confirmed',
  return: 'none',
};
const KINDS = Object.keys(USUAL_FROM) as PinCommand['kind'][];
const STATES: HoldState[] = [
  ...['held', 'pinned', 'confirmed', 'returned', 'released', 'expired', 'aborted'],
  ...MIDDLE_STATES,
] as HoldState[];
const PAST = new Date('2020-01-01T00:00:00.000Z');

/** The filter of a usual step and the pure rule must say the same of any hold. */
describe('the usual step of a command', () => {
  let world: World;
  let like: Hold;
  before(async () => {
    world = await startWorld();
    await world.catalog.relay.stop();
    await world.catalog.sweeper.stop();
    const { body } = await world.take(await world.user(), await world.event(3), seatIds(2));
    like = await world.hold(body.hold.holdId);
  });
  after(() => world.stop());

  /** A hold, and the command that meets it. */
  type Case = { hold: Hold; command: PinCommand };

  function meet(kind: PinCommand['kind'], change: Partial<Hold>, said: Partial<PinCommand> = {}) {
    const hold: Hold = { ...like, _id: newId(), outbox: [], ...change };
    const { eventId, userId } = like;
    const wanted = ['GENERAL-2', 'GENERAL-1'];
    const parts = { pinId: 'pin', bookingId: 'booking', eventId, userId, seatIds: wanted };
    return { hold, command: { kind, holdId: hold._id, ...parts, ...said } };
  }

  function cases(): Case[] {
    const pins = [{ pinId: 'pin' }, { pinId: 'another' }, { pinId: null }];
    const closings = [{}, { closed: [{ pinId: 'pin', reason: 'pin_closed' }] }];
    const ends = [{}, { expiresAt: PAST }];
    const unlike: Partial<PinCommand>[] = [
      { userId: 'somebody else' },
      { eventId: 'another' },
      { seatIds: ['GENERAL-1'] },
      { seatIds: ['GENERAL-1', 'GENERAL-1'] },
      { seatIds: ['GENERAL-1', 'GENERAL-3'] },
      { seatIds: ['GENERAL-1', 'GENERAL-2', 'GENERAL-3'] },
      { seatIds: [] },
    ];
    return KINDS.flatMap((kind) => [
      ...STATES.flatMap((state) =>
        pins.flatMap((pin) =>
          closings.flatMap((closing) =>
            ends.map((end) => meet(kind, { state, ...pin, ...closing, ...end })),
          ),
        ),
      ),
      ...unlike.map((said) => meet(kind, {}, said)),
    ]);
  }

  /** What the hold must be then, by the pure rule; null where the command has no usual step of it. */
  async function expected({ hold, command }: Case): Promise<unknown> {
    const now = (await world.stores.holds.find(hold._id))?.now ?? PAST;
    const decision = decide(command, hold, now);
    if (decision.kind !== 'step' || hold.state !== USUAL_FROM[command.kind]) return null;
    return [hold._id, decision.to, hold.version + 1, 'pin', 'booking', hold.state];
  }
  const shown = (hold: Hold | null) =>
    hold && [hold._id, hold.state, hold.version, hold.pinId, hold.bookingId, hold.step?.from];

  const take = ({ command }: Case) =>
    world.stores.holds.takeUsualStep(command, {
      origin: systemOrigin('test', command.holdId),
      reason: 'test',
      pinId: command.pinId,
      bookingId: command.bookingId,
    });

  async function store(all: readonly Case[]): Promise<unknown[]> {
    await world.db.collection<Hold>('holds').insertMany(all.map(({ hold }) => hold));
    return Promise.all(all.map(expected));
  }

  it('is taken by many together where the pure rule says so, and nowhere else', async () => {
    const all = cases();
    const should = await store(all);
    expect(should.filter((one) => one !== null)).to.have.length(9);
    expect((await Promise.all(all.map(take))).map(shown)).to.deep.equal(should);
    // What was not taken has not changed.
    const left = await Promise.all(all.map(({ hold }) => world.hold(hold._id)));
    for (const [index, { hold }] of all.entries()) {
      if (should[index] === null) expect(left[index]).to.deep.equal(hold);
    }
  });

  it('is taken alone where the pure rule says so, and nowhere else', async () => {
    const all = cases().filter(({ hold, command }) => hold.state === USUAL_FROM[command.kind]);
    const should = await store(all);
    expect(should.filter((one) => one !== null)).to.have.length(9);
    const done: unknown[] = [];
    for (const one of all) done.push(shown(await take(one)));
    expect(done).to.deep.equal(should);
  });

  it('is begun once by one of two equal commands, which both may finish', async () => {
    const { body } = await world.take(await world.user(), await world.event(2), seatIds(2));
    const hold = await world.hold(body.hold.holdId);
    const { pinId, bookingId, seats } = bookingOf(hold);
    const one = meet('pin', hold, {
      pinId,
      bookingId,
      eventId: hold.eventId,
      userId: hold.userId,
      seatIds: seats.map(({ seatId }) => seatId),
    });
    const begun = await Promise.all([take(one), take(one)]);
    expect(begun.filter((after) => after !== null).length).to.be.within(1, 2);
    expect((await world.hold(hold._id)).version).to.equal(2);
  });
});
