import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '@holdfast/shared/clock.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import { closeAll, type Service } from '@holdfast/shared/lifecycle.ts';
import { createLogger, type Logger } from '@holdfast/shared/logger.ts';
import { createLoop } from '@holdfast/shared/loop.ts';
import { createMetrics } from '@holdfast/shared/metrics.ts';
import { createBooks, openObjects } from './books.ts';
import type { SandboxConfig } from './config.ts';
import { createFaults } from './faults.ts';
import { createFunds } from './funds.ts';
import { createApp, requireKey } from './http.ts';
import { createCommandRunner } from './idempotency.ts';
import { createPayments } from './payments.ts';
import { createSandboxRouter } from './sandbox-routes.ts';
import { createSettlements } from './settlements.ts';
import { openStore } from './store.ts';
import { createStripeRouter } from './stripe-routes.ts';
import { createWebhooks } from './webhooks.ts';

const HOUR_MS = 3_600_000;
const DRAIN_LIMIT_MS = 5_000;

/**
 * The payment sandbox as a service of this process: opened on its data folder, not yet
 * listening. `start` answers its URL; `stop` finishes what is under way and closes the store.
 */
export function createSandbox(
  config: SandboxConfig,
  overrides: { readonly clock?: Clock; readonly log?: Logger } = {},
): { readonly log: Logger; start(): Promise<Service>; stop(): Promise<void> } {
  const log = overrides.log ?? createLogger('payment-sandbox', config.LOG_LEVEL);
  const clock = overrides.clock ?? systemClock;
  const stopping = new AbortController();
  const { WEBHOOK_URL: url, WEBHOOK_SECRET: secret } = config;
  const receiver = url === undefined || secret === undefined ? undefined : { url, secret };

  const store = openStore(config.DATA_DIR);
  const objects = openObjects(store);
  const faults = createFaults();
  const metrics = createMetrics('payment-sandbox');
  const books = createBooks({ store, objects, clock, delivers: receiver !== undefined });
  const settleAfterMs = config.SETTLE_AFTER_MS;
  const funds = createFunds(store);
  const payments = createPayments({ store, objects, books, clock, settleAfterMs, funds });
  const commands = createCommandRunner({ store, clock, faults, stopping: stopping.signal });
  const webhooks = createWebhooks({ store, clock, log, faults, receiver });
  const onCommitted = webhooks.wake;
  const settlements = createSettlements({ store, payments, clock, log, onCommitted });
  const forgetting = createLoop({
    name: 'forget_old_keys',
    intervalMs: HOUR_MS,
    log,
    round: async () => {
      await commands.forgetOldKeys();
      return 0;
    },
  });

  const app = createApp(log);
  app.use(async (context, next) => {
    const end = metrics.requestSeconds.startTimer({ method: context.method });
    await next();
    end({ route: context._matchedRoute?.toString() ?? 'none', status: context.status });
  });
  app.use(
    createSandboxRouter({
      store,
      faults,
      funds,
      webhooks,
      metrics,
      payments,
      isStopping: () => stopping.signal.aborted,
    }).routes(),
  );
  app.use(requireKey(config.SECRET_KEY));
  app.use(createStripeRouter({ objects, payments, commands, onCommitted }).routes());
  const server = createServer(app.callback());
  // Longer than the clients' own limit, so that they do not meet a socket being closed.
  server.keepAliveTimeout = 75_000;

  async function closeServer(): Promise<void> {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const limit = setTimeout(() => server.closeAllConnections(), DRAIN_LIMIT_MS);
    await closed;
    clearTimeout(limit);
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await closeAll(closeServer, forgetting.stop, settlements.stop, webhooks.stop, store.close);
  }

  return {
    log,
    stop,
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(config.PORT, config.HOST, resolve);
      }).catch(async (error: unknown) => {
        await stop();
        throw new Error(`Could not listen: ${describeError(error)}`, { cause: error });
      });
      webhooks.start();
      settlements.start();
      forgetting.start();
      const { address, port } = server.address() as AddressInfo;
      const host = address.includes(':') ? `[${address}]` : address;
      return { url: `http://${host}:${port}`, stop };
    },
  };
}
