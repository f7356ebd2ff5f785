import { setImmediate as tick } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { createBatches } from './batches.ts';

describe('batches', () => {
  it('of one tick go together in order of arrival, and give each item its own answer', async () => {
    const runs: string[][] = [];
    const ask = createBatches<string, string>({
      keysOf: (item) => [item],
      async run(items) {
        runs.push([...items]);
        return items.map((item) => (item === 'bad' ? new Error('bad') : item.toUpperCase()));
      },
    });
    const answers = await Promise.allSettled(['b', 'bad', 'a'].map((item) => ask(item)));
    expect(answers.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))).to.deep.equal(
      ['B', 'failed', 'A'],
    );
    expect(runs).to.deep.equal([['b', 'bad', 'a']]);
  });

  it('keep different kinds apart, and items of one key one after the other', async () => {
    const runs: string[][] = [];
    const ask = createBatches<string, string>({
      keysOf: (item) => [item.slice(1)],
      kindOf: (item) => item.slice(0, 1),
      async run(items) {
        runs.push([...items]);
        await tick();
        return items;
      },
    });
    await Promise.all(['a1', 'b2', 'a3', 'a1', 'b1'].map((item) => ask(item)));
    expect(runs).to.deep.equal([['a1', 'a3'], ['b2'], ['a1'], ['b1']]);
  });

  it('try a failed batch again until the poisoned item fails alone and the others succeed', async () => {
    let runs = 0;
    const ask = createBatches<number, number>({
      keysOf: (item) => [String(item)],
      async run(items) {
        runs += 1;
        if (items.includes(13)) throw new Error('poisoned');
        return items.map((item) => item * 2);
      },
    });
    const items = Array.from({ length: 64 }, (_, index) => index);
    const answers = await Promise.allSettled(items.map((item) => ask(item)));
    expect(answers.flatMap((one, item) => (one.status === 'rejected' ? [item] : []))).to.deep.equal(
      [13],
    );
    expect(
      answers.map((one) => (one.status === 'fulfilled' ? one.value : undefined)),
    ).to.deep.equal(items.map((item) => (item === 13 ? undefined : item * 2)));
    expect(runs).to.be.at.most(13);
  });

  it('fail at once when the store is out of reach, without trying each item', async () => {
    let runs = 0;
    const ask = createBatches<number, number>({
      keysOf: (item) => [String(item)],
      async run() {
        runs += 1;
        throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
      },
    });
    const answers = await Promise.allSettled([1, 2, 3].map((item) => ask(item)));
    expect(answers.map((one) => one.status)).to.deep.equal(['rejected', 'rejected', 'rejected']);
    expect(runs).to.equal(1);
  });

  it('go beside another only when enough wait, or when that one is slow', async () => {
    const runs: number[][] = [];
    const release = Promise.withResolvers<void>();
    const ask = createBatches<number, void>({
      keysOf: (item) => [String(item)],
      fewestBeside: 3,
      async run(items) {
        runs.push([...items]);
        if (items.includes(1)) await release.promise;
        return items.map(() => undefined);
      },
    });
    const first = ask(1);
    await tick();
    await tick();
    const few = [ask(2), ask(3)];
    await tick();
    await tick();
    expect(runs).to.deep.equal([[1]]);
    await Promise.all([...few, ask(4)]);
    expect(runs).to.deep.equal([[1], [2, 3, 4]]);
    await ask(5);
    expect(runs).to.deep.equal([[1], [2, 3, 4], [5]]);
    release.resolve();
    await first;
  });

  it('free their lane and their keys when a run hangs', async function () {
    this.timeout(5_000);
    let runs = 0;
    const ask = createBatches<string, number>({
      keysOf: (item) => [item],
      lanes: 1,
      async run(items) {
        runs += 1;
        if (runs === 1) await new Promise(() => undefined);
        return items.map(() => runs);
      },
    });
    void ask('a');
    await tick();
    expect(await ask('a')).to.equal(2);
  });

  it('answer every item once, in bounds, never two of a key at a time nor out of order', async () => {
    const item = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        async (wanted, lanes) => {
          const atWork = new Set<string>();
          const done: number[] = [];
          let inFlight = 0;
          const ask = createBatches<{ place: number; keys: string[] }, number>({
            keysOf: ({ keys }) => keys,
            lanes,
            mostKeys: 4,
            async run(items) {
              inFlight += 1;
              const keys = items.flatMap((one) => one.keys);
              expect(inFlight).to.be.at.most(lanes);
              expect(keys.length).to.be.at.most(4);
              for (const key of keys) {
                expect(atWork.has(key), key).to.equal(false);
                atWork.add(key);
              }
              for (let ticks = keys.length % 3; ticks >= 0; ticks -= 1) await tick();
              for (const key of keys) atWork.delete(key);
              inFlight -= 1;
              done.push(...items.map((one) => one.place));
              return items.map((one) => one.place);
            },
          });
          const places = wanted.map((_, place) => place);
          const answers = await Promise.all(
            wanted.map((keys, place) => ask({ place, keys: keys.map(String) })),
          );
          expect(answers).to.deep.equal(places);
          for (const [late, keys] of wanted.entries()) {
            const before = places.filter(
              (early) => early < late && wanted[early]?.some((key) => keys.includes(key)),
            );
            for (const early of before) {
              expect(done.indexOf(early)).to.be.below(done.indexOf(late));
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
