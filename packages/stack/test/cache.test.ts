import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { cached } from '../src/cache.ts';
import { createDataDir } from './own-stack.ts';

describe('the cache of built servers', () => {
  let folder: Awaited<ReturnType<typeof createDataDir>>;

  beforeEach(async () => {
    folder = await createDataDir();
  });
  afterEach(() => folder.remove());

  it('builds a folder once, and hands out the same one afterwards', async () => {
    let builds = 0;
    const build = async (unfinished: string) => {
      builds += 1;
      await writeFile(join(unfinished, 'server'), 'x');
    };
    const first = await cached(folder.path, 'server-1', build);
    const second = await cached(folder.path, 'server-1', build);
    expect([first, second, builds]).to.deep.equal([
      join(folder.path, 'server-1'),
      join(folder.path, 'server-1'),
      1,
    ]);
  });

  it('builds once when two ask at the same time; the second waits for the first', async () => {
    let builds = 0;
    const build = async (unfinished: string) => {
      builds += 1;
      await writeFile(join(unfinished, 'server'), 'x');
    };
    await Promise.all([1, 2].map(() => cached(folder.path, 'server-1', build)));
    expect(builds).to.equal(1);
  });

  it('leaves no finished folder after a failed build, and builds anew the next time', async () => {
    const failure = await cached(folder.path, 'server-1', async () => {
      throw new Error('interrupted');
    }).catch((error: Error) => error.message);
    expect(failure).to.equal('interrupted');
    await cached(folder.path, 'server-1', async (unfinished) => {
      expect(await readdir(unfinished)).to.deep.equal([]);
    });
    expect(await readdir(folder.path)).to.deep.equal(['server-1']);
  });

  it('removes what a killed build left behind, and keeps other versions', async () => {
    await mkdir(join(folder.path, 'server-1.unfinished-abc'));
    await writeFile(join(folder.path, 'server-1.unfinished-abc', 'half'), 'x');
    await mkdir(join(folder.path, 'server-0'));
    await cached(folder.path, 'server-1', async () => {});
    expect((await readdir(folder.path)).sort()).to.deep.equal(['server-0', 'server-1']);
  });
});
