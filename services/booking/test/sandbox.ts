import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';

export const SECRET_KEY = 'sk_test_for_tests';

/** The payment sandbox as a process of its own; `kill` and `start` keep its port and books. */
export async function startSandbox() {
  const dataDir = await mkdtemp(join(tmpdir(), 'booking-sandbox-'));
  const main = new URL(import.meta.resolve('@holdfast/payment-sandbox/main.ts')).pathname;
  let child: ChildProcess | undefined;
  let url = '';
  const endWithParent = () => child?.kill('SIGKILL');
  process.once('exit', endWithParent);

  async function start(settings: Record<string, string> = {}): Promise<void> {
    const port = url === '' ? '0' : new URL(url).port;
    child = spawn(process.execPath, [main], {
      env: { PORT: port, DATA_DIR: dataDir, SECRET_KEY, SETTLE_AFTER_MS: '50', ...settings },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (child.stdout === null) throw new Error('the sandbox has no output');
    for await (const line of createInterface({ input: child.stdout })) {
      const logged = JSON.parse(line) as { event: string; url: string };
      if (logged.event !== 'service.started') continue;
      child.stdout.resume();
      url = logged.url;
      return;
    }
    throw new Error('the sandbox ended before it had started');
  }

  async function kill(): Promise<void> {
    const dying = child;
    child = undefined;
    if (!dying) return;
    const exited = once(dying, 'exit');
    dying.kill('SIGKILL');
    await exited;
  }

  await start();
  return {
    url,
    start,
    kill,
    async stop() {
      process.off('exit', endWithParent);
      await kill();
      await rm(dataDir, { recursive: true, force: true });
    },
    /** Makes the next answers on a route go wrong. */
    async fail(rule: object): Promise<void> {
      const response = await fetch(`${url}/_sandbox/faults`, {
        method: 'POST',
        body: JSON.stringify(rule),
      });
      if (response.status !== 201) throw new Error(await response.text());
    },
    async forgetFaults(): Promise<void> {
      await fetch(`${url}/_sandbox/faults`, { method: 'DELETE' });
    },
    /** Ends the wait of a payment that settles by itself. */
    async settle(paymentIntent: string, succeeds: boolean): Promise<void> {
      const response = await fetch(`${url}/_sandbox/settlements`, {
        method: 'POST',
        body: JSON.stringify({ paymentIntent, succeeds }),
      });
      if (response.status !== 204) throw new Error(await response.text());
    },
    /** What the account has to pay refunds from; null: it never runs short. */
    async setBalance(availableMinor: number | null): Promise<void> {
      const body = JSON.stringify({ availableMinor });
      const response = await fetch(`${url}/_sandbox/balance`, { method: 'PUT', body });
      if (response.status !== 204) throw new Error(await response.text());
    },
    /** Changes the provider's books by hand: it is stopped for it and started again. */
    async damage(...changes: [statement: string, ...values: string[]][]): Promise<void> {
      await kill();
      const books = new DatabaseSync(join(dataDir, 'payments.sqlite'));
      const missed = changes.filter(
        ([statement, ...values]) => books.prepare(statement).run(...values).changes === 0,
      );
      books.close();
      await start();
      if (missed.length > 0) throw new Error(`nothing was damaged by ${missed.join('; ')}`);
    },
    /** The provider's own books for a booking. */
    async bookOf(bookingId: string) {
      const response = await fetch(`${url}/_sandbox/report`);
      const lines = (await response.text()).split('\n').filter((line) => line !== '');
      return lines
        .map((line) => JSON.parse(line) as ProviderLine)
        .filter((line) => line.metadata.booking_id === bookingId);
    },
  };
}

type ProviderLine = {
  id: string;
  status: string;
  captured: number;
  refunded: number;
  captures: number;
  refunds: number;
  capturable: number;
  metadata: Record<string, string>;
};
