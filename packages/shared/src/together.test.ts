import { expect } from 'chai';
import { createTogether } from './together.ts';

describe('commands that go together', () => {
  function setUp(options: { most?: number; atOnce?: number } = {}) {
    const goes: string[][] = [];
    const gates: (() => void)[] = [];
    let gated = false;
    const ask = createTogether<string, string>({
      most: options.most ?? 10,
      atOnce: options.atOnce ?? 1,
      keysOf: (command) => [command[0] ?? ''],
      async run(commands) {
        goes.push([...commands]);
        if (gated) await new Promise<void>((resolve) => gates.push(resolve));
        if (commands.includes('poison')) throw new Error('poisoned');
        if (commands.includes('down')) throw Object.assign(new Error(), { code: 'ECONNREFUSED' });
        return commands.map((command) => command.toUpperCase());
      },
    });
    return {
      ask,
      goes,
      hold: () => {
        gated = true;
      },
      open: () => {
        gated = false;
        for (const open of gates.splice(0)) open();
      },
    };
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('are those of one turn, each with its own outcome', async () => {
    const { ask, goes } = setUp();
    expect(await Promise.all(['a', 'b', 'c'].map(ask))).to.deep.equal(['A', 'B', 'C']);
    expect(goes).to.deep.equal([['a', 'b', 'c']]);
  });

  it('are no more than a go may have, and the rest follow in order', async () => {
    const { ask, goes } = setUp({ most: 2 });
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map(ask));
    expect(goes).to.deep.equal([['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('never share a key; one with the same key comes after, and no third overtakes it', async () => {
    const { ask, goes } = setUp();
    await Promise.all(['a1', 'a2', 'b1', 'a3'].map(ask));
    expect(goes).to.deep.equal([['a1', 'b1'], ['a2'], ['a3']]);
  });

  it('gather while the goes that may run are under way', async () => {
    const { ask, goes, hold, open } = setUp();
    hold();
    const first = ask('a');
    await turn();
    const later = ['b', 'c'].map(ask);
    await turn();
    expect(goes).to.deep.equal([['a']]);
    open();
    await Promise.all([first, ...later]);
    expect(goes).to.deep.equal([['a'], ['b', 'c']]);
  });

  it('fail alone when poisoned: the others succeed', async () => {
    const { ask, goes } = setUp();
    const outcomes = await Promise.allSettled(['a', 'poison', 'b'].map(ask));
    expect(
      outcomes.map((one) => (one.status === 'fulfilled' ? one.value : 'failed')),
    ).to.deep.equal(['A', 'failed', 'B']);
    expect(goes).to.deep.equal([['a', 'poison', 'b'], ['a'], ['poison'], ['b']]);
  });

  it('all fail in an outage, without being tried one by one', async () => {
    const { ask, goes } = setUp();
    const outcomes = await Promise.allSettled(['a', 'down'].map(ask));
    expect(outcomes.map((one) => one.status)).to.deep.equal(['rejected', 'rejected']);
    expect(goes).to.deep.equal([['a', 'down']]);
  });
});
