import { expect } from 'chai';
import { createShare, gather } from './gather.ts';

describe('gathered calls', () => {
  it('of one tick go together, each once, and get what is theirs or nothing', async () => {
    const runs: string[][] = [];
    const find = gather(async (ids) => {
      runs.push(ids);
      return new Map(ids.filter((id) => id !== 'none').map((id) => [id, id.toUpperCase()]));
    });
    const answers = await Promise.all(['a', 'b', 'a', 'none'].map((id) => find(id)));
    expect(answers).to.deep.equal(['A', 'B', 'A', undefined]);
    expect(runs).to.deep.equal([['a', 'b', 'none']]);
  });

  it('made during a run share the next one, which begins after them', async () => {
    const [began, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let stored = 'before';
    const runs: string[][] = [];
    const find = gather(async (ids) => {
      runs.push(ids);
      const seen = stored;
      began.resolve();
      await release.promise;
      return new Map(ids.map((id) => [id, seen]));
    });
    const early = find('a');
    await began.promise;
    stored = 'after';
    const late = [find('a'), find('b')];
    release.resolve();
    expect([await early, ...(await Promise.all(late))]).to.deep.equal(['before', 'after', 'after']);
    expect(runs).to.deep.equal([['a'], ['a', 'b']]);
  });

  it('fail together with their run, and leave the next run alone', async () => {
    let runs = 0;
    const find = gather(async (ids) => {
      runs += 1;
      if (runs === 1) throw new Error('down');
      return new Map(ids.map((id) => [id, id]));
    });
    const failed = await Promise.allSettled([find('a'), find('b')]);
    expect(failed.map((one) => one.status)).to.deep.equal(['rejected', 'rejected']);
    expect(await find('a')).to.equal('a');
  });
});

describe('shared calls', () => {
  it('share a run by their key, and do not wait for those of another', async () => {
    const share = createShare<string>();
    const slow = Promise.withResolvers<string>();
    let runs = 0;
    const run = async () => {
      runs += 1;
      return slow.promise;
    };
    const equal = [share('slow', run), share('slow', run)];
    expect(await share('quick', async () => 'quick')).to.equal('quick');
    slow.resolve('slow');
    expect(await Promise.all(equal)).to.deep.equal(['slow', 'slow']);
    expect(runs).to.equal(1);
  });
});
