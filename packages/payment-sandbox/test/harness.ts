import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { Service } from '@holdfast/shared/lifecycle.ts';
import { expect } from 'chai';
import Stripe from 'stripe';
import type { SandboxConfig } from '../src/config.ts';
import type { ReportLine } from '../src/report.ts';
import { createSandbox } from '../src/sandbox.ts';

export const SECRET_KEY = 'sk_test_for_tests';
export const WEBHOOK_SECRET = 'whsec_for_tests';

/** The official SDK, pointed at a sandbox; without retries, so that a test sees each answer. */
export function connect(url: string, config: { key?: string; maxNetworkRetries?: number } = {}) {
  const { hostname, port } = new URL(url);
  return new Stripe(config.key ?? SECRET_KEY, {
    host: hostname,
    port,
    protocol: 'http',
    maxNetworkRetries: config.maxNetworkRetries ?? 0,
    telemetry: false,
  });
}

export async function makeDataDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'payment-sandbox-'));
}

export async function removeDataDir(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true });
}

/** A sandbox in this process on a free port. */
export async function startSandbox(
  dataDir: string,
  config: Partial<SandboxConfig> = {},
): Promise<Service> {
  return createSandbox({
    HOST: '127.0.0.1',
    PORT: 0,
    LOG_LEVEL: 'silent',
    DATA_DIR: dataDir,
    SECRET_KEY,
    SETTLE_AFTER_MS: 50,
    ...config,
  }).start();
}

export type SpawnedSandbox = { readonly url: string; kill(): Promise<void> };

/** A sandbox as a process of its own, to be killed with SIGKILL. */
export async function spawnSandbox(
  dataDir: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<SpawnedSandbox> {
  const main = new URL('../src/main.ts', import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, SECRET_KEY, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  if (child.stdout === null) throw new Error('The sandbox has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const logged = JSON.parse(line) as { event: string; url: string };
    if (logged.event !== 'service.started') continue;
    child.stdout.resume();
    return {
      url: logged.url,
      async kill() {
        child.kill('SIGKILL');
        await exited;
      },
    };
  }
  throw new Error('The sandbox ended before it had started');
}

export type Receiver = {
  readonly url: string;
  readonly events: Stripe.Event[];
  /** What the next deliveries are answered with, before 200 again. */
  readonly refusals: number[];
  stop(): Promise<void>;
};

/** A receiver of webhooks, which verifies each signature by the SDK. */
export async function startReceiver(): Promise<Receiver> {
  const events: Stripe.Event[] = [];
  const refusals: number[] = [];
  const stripe = new Stripe(SECRET_KEY);
  const server = createServer(async (request, response) => {
    const payload = await text(request);
    const status = refusals.shift() ?? 200;
    if (status === 200) {
      const signature = String(request.headers['stripe-signature']);
      events.push(stripe.webhooks.constructEvent(payload, signature, WEBHOOK_SECRET));
    }
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    events,
    refusals,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The Stripe error that a call ends in; fails if the call succeeds. */
export async function errorOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  return expect.fail('The call was expected to be refused');
}

export async function setFault(url: string, rule: object): Promise<void> {
  const response = await fetch(`${url}/_sandbox/faults`, {
    method: 'POST',
    body: JSON.stringify(rule),
  });
  expect(response.status).to.equal(201);
}

export async function readReport(url: string): Promise<ReportLine[]> {
  const response = await fetch(`${url}/_sandbox/report`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as ReportLine);
}

export async function countWebhooks(
  url: string,
): Promise<{ undelivered: number; delivered: number }> {
  const response = await fetch(`${url}/_sandbox/webhooks`);
  return (await response.json()) as { undelivered: number; delivered: number };
}
