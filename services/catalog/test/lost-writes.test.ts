import { setImmediate as nextTurn } from 'node:timers/promises';
import { newId } from '@holdfast/shared/ids.ts';
import { startLossyWire } from '@holdfast/shared/lossy-wire.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { given, seatIds, startWorld, type World } from './world.ts';

/** The store has written, and the service does not know: the answer is kept back on the line. */
describe('a write that nobody hears of', () => {
  let wire: Awaited<ReturnType<typeof startLossyWire>>;
  let world: World;

  before(async function () {
    this.timeout(60_000);
    wire = await startLossyWire(given('MONGODB_URL'));
    world = await startWorld({ MONGODB_URL: wire.url });
  });
  after(async () => {
    await world?.stop();
    await wire?.stop();
  });

  for (const [what, marks] of [
    ['seats', ['update\0', 'seats\0']],
    ['document', ['insert\0', 'holds\0', 'majority\0']],
  ] as const) {
    it(`of a hold’s ${what} is never answered before it is known, and a repeat has the hold once`, async () => {
      const eventId = await world.event(3);
      const buyer = await world.user();
      const key = newId();
      const take = () => world.take(buyer, eventId, seatIds(2), 600, key);
      const lost = wire.loseAnswer(...marks, eventId);
      let answered = false;
      const first = take().finally(() => {
        answered = true;
      });
      await lost.sprung;
      await nextTurn();
      expect(answered, 'answered before the store did').to.equal(false);
      lost.cut();
      const cut = await first;
      const again = await waitUntil('the hold', async () => {
        const answer = await take();
        return [200, 201].includes(answer.status) && answer.body.hold.status === 'held' && answer;
      });
      const { holdId } = again.body.hold;
      if (cut.status < 300) expect(cut.body.hold.holdId).to.equal(holdId);
      else expect(cut.status).to.equal(503);
      const seats = await world.seats(eventId);
      expect(seats.map(({ status, hold }) => [status, hold?.id])).to.deep.equal([
        ['held', holdId],
        ['held', holdId],
        ['available', undefined],
      ]);
      const holds = (await world.holds()).filter((hold) => hold.eventId === eventId);
      expect(holds.map(({ _id, state }) => [_id, state])).to.deep.equal([[holdId, 'held']]);
      expect(await world.claims(buyer.userId, eventId)).to.have.length(1);
    });
  }
});
