import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { run, urlOf } from './child.ts';
import { dropDatabase, given } from './world.ts';

describe('the booking process', () => {
  it('lists every missing setting at once and exits with status 2', async () => {
    const child = run({ PORT: 'eighty' });
    if (child.stderr === null) expect.fail('no output');
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(code).to.equal(2);
    for (const name of ['PORT', 'POSTGRES_URL', 'KAFKA_BROKERS', 'CATALOG_URL', 'PAYMENT_URL']) {
      expect(said).to.include(name);
    }
  });

  it('tells its URL, is ready, describes itself, and ends with status 0 on SIGTERM', async () => {
    await withProcess(given('POSTGRES_URL'), async (child, url) => {
      await waitUntil('readiness', async () => (await fetch(`${url}/readyz`)).status === 200);
      const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
      expect(document.paths).to.include.keys('/api/bookings', '/api/bookings/{bookingId}/cancel');
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await exited).to.deep.equal([0, null]);
    });
  }).timeout(40_000);

  it('lives and answers 503 while PostgreSQL is away, is ready when it comes', async () => {
    const real = new URL(given('POSTGRES_URL'));
    const gate = createServer((socket) => {
      const onward = connect(Number(real.port), real.hostname);
      socket.pipe(onward).pipe(socket);
      socket.on('error', () => onward.destroy());
      onward.on('error', () => socket.destroy());
    });
    await once(gate.listen(0, '127.0.0.1'), 'listening');
    const { port } = gate.address() as AddressInfo;
    gate.close();
    const address = new URL(real);
    address.host = `127.0.0.1:${port}`;
    try {
      await withProcess(address.href, async (_child, url) => {
        expect((await fetch(`${url}/livez`)).status).to.equal(200);
        expect((await fetch(`${url}/readyz`)).status).to.equal(503);
        const refused = await fetch(`${url}/api/webhooks/stripe`, { method: 'POST', body: '{}' });
        expect(refused.status).to.equal(503);
        expect(refused.headers.get('retry-after')).to.equal('1');
        expect((await refused.json()) as object).to.include({ code: 'starting' });
        gate.listen(port, '127.0.0.1');
        await waitUntil('readiness', async () => (await fetch(`${url}/readyz`)).status === 200);
      });
    } finally {
      gate.close();
    }
  }).timeout(40_000);
});

/** Runs the service as a process with a database and topics of its own, which are dropped after. */
async function withProcess(
  postgresUrl: string,
  work: (child: ChildProcess, url: string) => Promise<void>,
): Promise<void> {
  const database = `booking_test_${newId().slice(-12)}`;
  const child = run({
    PORT: '0',
    POSTGRES_URL: postgresUrl,
    KAFKA_BROKERS: given('KAFKA_BROKERS'),
    DATABASE_NAME: database,
    TOPIC_PREFIX: `${database}.`,
    AUTH_URL: 'http://127.0.0.1:9',
    CATALOG_URL: 'http://127.0.0.1:9',
    PAYMENT_URL: 'http://127.0.0.1:9',
    PAYMENT_SECRET_KEY: 'sk_test_for_tests',
    PAYMENT_WEBHOOK_SECRET: 'whsec_for_tests',
  });
  const exited = once(child, 'exit');
  try {
    await work(child, await urlOf(child));
  } finally {
    child.kill('SIGKILL');
    await exited;
    await dropDatabase(given('POSTGRES_URL'), database);
    await dropTopics(given('KAFKA_BROKERS'), `${database}.`);
  }
}
