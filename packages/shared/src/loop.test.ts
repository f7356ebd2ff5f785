import { expect } from 'chai';
import type { Logger } from './logger.ts';
import { createLoop } from './loop.ts';
import { waitUntil } from './wait.ts';

const log: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => log,
};
const HOUR_MS = 3_600_000;

describe('a loop', () => {
  it('drains: runs rounds until one does nothing, and no more', async () => {
    let left = 3;
    let rounds = 0;
    const loop = createLoop({
      name: 'test',
      intervalMs: HOUR_MS,
      log,
      round: async () => {
        rounds += 1;
        return left > 0 ? left-- : 0;
      },
    });
    await loop.drain();
    expect({ left, rounds }).to.deep.equal({ left: 0, rounds: 4 });
  });

  it('never runs two rounds at once, and runs one more for wakes during a round', async () => {
    let atWork = 0;
    let most = 0;
    let rounds = 0;
    const gates: (() => void)[] = [];
    const loop = createLoop({
      name: 'test',
      intervalMs: HOUR_MS,
      log,
      round: async () => {
        rounds += 1;
        most = Math.max(most, ++atWork);
        await new Promise<void>((resolve) => gates.push(resolve));
        atWork -= 1;
        return 0;
      },
    });
    loop.start();
    await waitUntil('the first round', () => gates.length === 1);
    loop.wake();
    loop.wake();
    gates[0]?.();
    await waitUntil('the second round', () => gates.length === 2);
    gates[1]?.();
    await loop.stop();
    expect({ rounds, most }).to.deep.equal({ rounds: 2, most: 1 });
  });

  it('heeds a wake that comes while a test runs a round by hand', async () => {
    let rounds = 0;
    const gates: (() => void)[] = [];
    const loop = createLoop({
      name: 'test',
      intervalMs: HOUR_MS,
      log,
      round: () => {
        rounds += 1;
        return new Promise<number>((resolve) => gates.push(() => resolve(0)));
      },
    });
    loop.start();
    await waitUntil('the first round', () => gates.length === 1);
    const first = loop.runOnce();
    gates[0]?.();
    await first;
    const byHand = loop.runOnce();
    loop.wake();
    gates[1]?.();
    await byHand;
    await waitUntil('the round of the wake', () => rounds === 3);
    gates[2]?.();
    await loop.stop();
    expect(rounds).to.equal(3);
  });

  it('goes on at once while rounds find work', async () => {
    let left = 5;
    const loop = createLoop({
      name: 'test',
      intervalMs: HOUR_MS,
      log,
      round: async () => (left > 0 ? left-- : 0),
    });
    loop.start();
    await waitUntil('all work', () => left === 0, { limitMs: 1_000 });
    await loop.stop();
    expect(left).to.equal(0);
  });

  it('rests after a round that did less than it goes on from, unless it was woken', async () => {
    const work = [2, 2, 1, 1, 0];
    let rounds = 0;
    const loop = createLoop({
      name: 'test',
      intervalMs: HOUR_MS,
      log,
      goesOnFrom: 2,
      round: async () => {
        // Woken while the third is under way.
        if (rounds === 2) loop.wake();
        return work[rounds++] ?? 0;
      },
    });
    loop.start();
    await waitUntil('the round of the wake', () => rounds === 4, { limitMs: 1_000 });
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve));
    }
    await loop.stop();
    expect(rounds).to.equal(4);
  });

  it('tries a round that threw again, later and later, and then keeps its pace', async () => {
    const times: number[] = [];
    const loop = createLoop({
      name: 'test',
      intervalMs: HOUR_MS,
      log,
      round: async () => {
        times.push(performance.now());
        if (times.length < 4) throw new Error('not yet');
        return 0;
      },
    });
    loop.start();
    await waitUntil('four tries', () => times.length === 4);
    await loop.stop();
    const [a = 0, b = 0, c = 0, d = 0] = times;
    expect(b - a).to.be.within(45, 150);
    expect(c - b).to.be.within(95, 250);
    expect(d - c).to.be.within(195, 450);
  });

  it('stops after the round at work, and runs none after it', async () => {
    let ended = false;
    let rounds = 0;
    const gate = Promise.withResolvers<void>();
    const loop = createLoop({
      name: 'test',
      intervalMs: 1,
      log,
      round: async () => {
        rounds += 1;
        await gate.promise;
        ended = true;
        return 1;
      },
    });
    loop.start();
    await waitUntil('the round', () => rounds === 1);
    const stopped = loop.stop();
    gate.resolve();
    await stopped;
    expect(ended).to.equal(true);
    loop.wake();
    await new Promise((resolve) => setImmediate(resolve));
    expect(rounds).to.equal(1);
  });

  it('stops quietly when the round at work fails', async () => {
    const gate = Promise.withResolvers<number>();
    const loop = createLoop({ name: 'test', intervalMs: 1, log, round: () => gate.promise });
    loop.start();
    loop.wake();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const stopped = loop.stop();
    gate.reject(new Error('broken'));
    expect(await stopped).to.equal(undefined);
  });
});
