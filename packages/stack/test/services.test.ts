import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Services, startServices } from '../src/services.ts';
import { waitUntil } from '../src/wait.ts';
import { createDataDir, ONLY_SANDBOX } from './own-stack.ts';

// No store is needed by the one service that is started here.
const NO_STORES = { POSTGRES_URL: '', MONGODB_URL: '', KAFKA_BROKERS: '', REDIS_URL: '' };

describe('services as processes', function () {
  this.timeout(60_000);
  let folder: Awaited<ReturnType<typeof createDataDir>>;
  let services: Services;

  beforeEach(async () => {
    folder = await createDataDir();
    services = await startServices({
      stackEnv: NO_STORES,
      dataDir: folder.path,
      only: ONLY_SANDBOX,
    });
  });
  afterEach(async () => {
    await services.stop();
    await folder.remove();
  });

  it('starts only what is asked for, and still knows every URL', () => {
    expect(Object.keys(services.handles)).to.deep.equal(['payment-sandbox']);
    expect(new Set(Object.values(services.urls)).size).to.equal(5);
  });

  it('is dead after a kill, and ready again at the same URL after a start', async () => {
    const { payment } = services.urls;
    const sandbox = services.handles['payment-sandbox'];
    if (!sandbox) expect.fail('the sandbox has no handle');
    await sandbox.kill();
    expect(sandbox.pid).to.equal(0);
    expect(await isReady(payment)).to.equal(false);
    await sandbox.start();
    expect(await isReady(payment)).to.equal(true);
  });

  it('can be started again after it was killed from outside', async () => {
    const sandbox = services.handles['payment-sandbox'];
    if (!sandbox) expect.fail('the sandbox has no handle');
    process.kill(sandbox.pid, 'SIGKILL');
    await waitUntil(async () => expect(sandbox.pid).to.equal(0), { timeoutMs: 5000 });
    await sandbox.start();
    expect(await isReady(services.urls.payment)).to.equal(true);
  });

  it('keeps its ports and secrets for the data folder, readable by the owner only', async () => {
    const { urls, admin } = services;
    await services.stop();
    services = await startServices({
      stackEnv: NO_STORES,
      dataDir: folder.path,
      only: ONLY_SANDBOX,
    });
    expect({ urls: services.urls, admin: services.admin }).to.deep.equal({ urls, admin });
    const { mode } = await stat(join(folder.path, 'secrets.json'));
    expect(mode & 0o777).to.equal(0o600);
  });
});

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    (response) => response.ok,
    () => false,
  );
}
