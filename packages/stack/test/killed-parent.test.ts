import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { processesIn } from '../src/processes.ts';
import { startStack } from '../src/stack.ts';
import { waitUntil } from '../src/wait.ts';
import { createDataDir, withoutGivenStores } from './own-stack.ts';

const SERVER_FOLDERS = [
  ...['postgres/cluster', 'mongodb', 'ferretdb/state', 'ferretdb/documentdb/cluster'],
  ...['kafka', 'redis'],
];

describe('a parent that is killed', function () {
  this.timeout(180_000);
  let folder: Awaited<ReturnType<typeof createDataDir>>;

  beforeEach(async () => {
    folder = await createDataDir();
  });
  afterEach(() => folder.remove());

  it('leaves no store running, and the next one starts on its data', async () => {
    const parent = runParent(folder.path);
    const [line] = await once(parent.stdout ?? parent, 'data');
    const { POSTGRES_URL: url } = JSON.parse(String(line)) as { POSTGRES_URL: string };
    expect(await countServers(folder.path)).to.be.at.least(4);
    await killParent(parent);
    await waitForNoServers(folder.path);
    expect(await answers(Number(new URL(url).port))).to.equal(false);
    const next = await startStack({ dataDir: folder.path, env: withoutGivenStores() });
    expect(next.env.POSTGRES_URL).to.equal(url);
    await next.stop();
  });

  it('leaves nothing running when it dies in mid-set-up, and the next one starts clean', async () => {
    const parent = runParent(folder.path);
    await waitUntil(
      async () => {
        if ((await countServers(folder.path)) === 0) throw new Error('nothing has started yet');
      },
      { timeoutMs: 60_000, everyMs: 5 },
    );
    await killParent(parent);
    await waitForNoServers(folder.path);
    const next = await startStack({ dataDir: folder.path, env: withoutGivenStores() });
    await next.stop();
  });
});

function runParent(dataDir: string): ChildProcess {
  const program = fileURLToPath(new URL('./hold-stack.ts', import.meta.url));
  return spawn(process.execPath, [program, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function killParent(parent: ChildProcess): Promise<void> {
  parent.kill('SIGKILL');
  await once(parent, 'close');
}

async function countServers(dataDir: string): Promise<number> {
  const found = await Promise.all(SERVER_FOLDERS.map((name) => processesIn(join(dataDir, name))));
  return found.flat().length;
}

async function waitForNoServers(dataDir: string): Promise<void> {
  await waitUntil(
    async () => {
      const left = await countServers(dataDir);
      if (left > 0) throw new Error(`${left} servers are still running`);
    },
    { timeoutMs: 15_000 },
  );
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
