import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type Server, startServer } from './child.ts';
import { checkout, type Environment, readEnvironment } from './config.ts';
import { type Lock, tryLock } from './lock.ts';
import { choosePorts, requireFreePort } from './ports.ts';
import { clearProcessesIn } from './processes.ts';
import { type Progress, silentProgress } from './progress.ts';
import { keepSecrets, type Secrets } from './secrets.ts';
import { SetupError } from './setup-error.ts';
import type { StackEnvironment } from './stack.ts';

export type ServiceName = 'payment-sandbox' | 'auth' | 'catalog' | 'booking' | 'gateway';

const SERVICES: readonly ServiceName[] = [
  'payment-sandbox',
  'auth',
  'catalog',
  'booking',
  'gateway',
];

/** Where each service's program lies, from the root of the repository. */
const PROGRAMS: Record<ServiceName, string> = {
  'payment-sandbox': 'packages/payment-sandbox/src/main.ts',
  auth: 'services/auth/src/main.ts',
  catalog: 'services/catalog/src/main.ts',
  booking: 'services/booking/src/main.ts',
  gateway: 'services/gateway/src/main.ts',
};

/** kafkajs computes a harmless negative time-out that Node would warn about. */
const NODE_OPTIONS = ['--disable-warning=TimeoutNegativeWarning'];

/** Where booking listens for the payment provider's events. */
const WEBHOOK_PATH = '/api/webhooks/stripe';
const USUAL_GATEWAY_PORT = 4000;
const ADMIN_EMAIL = 'admin@example.com';

export interface ServicesOptions {
  readonly stackEnv: StackEnvironment;
  readonly dataDir: string;
  /** A fixed port for the gateway; a fault when it is taken. */
  readonly gatewayPort?: number | undefined;
  /** Added to every service's environment, for example TOPIC_PREFIX. */
  readonly env?: Environment;
  /** Start only these; the URLs of the others are still chosen. */
  readonly only?: readonly ServiceName[];
  /** How many of a service to run, 1 by default; the second is the handle `NAME-2`. */
  readonly instances?: Partial<Record<ServiceName, number>>;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Called when a service ends by itself, with what happened and where its log is. */
  readonly onLost?: (what: string) => void;
}

export interface ServiceUrls {
  readonly gateway: string;
  readonly auth: string;
  readonly catalog: string;
  readonly booking: string;
  readonly payment: string;
}

export interface ServiceHandle {
  readonly name: string;
  readonly url: string;
  /** Of the running process; 0 while it is stopped. */
  readonly pid: number;
  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<void>;
  /** Starts it again at the same URL; resolves when it is ready. */
  start(): Promise<void>;
  /** An orderly stop. */
  stop(): Promise<void>;
}

export interface Services {
  readonly urls: ServiceUrls;
  readonly admin: { readonly email: string; readonly password: string };
  readonly handles: Readonly<Record<string, ServiceHandle>>;
  stop(): Promise<void>;
}

/**
 * Starts the services as processes of their own, at ports that a data folder keeps, and resolves
 * when all are ready. They end with this process. Throws `SetupError` with the log of one that
 * does not come up, after stopping the others.
 */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const { dataDir, lock } = await ownServices(options.dataDir);
  try {
    const plan = await planServices(options, dataDir);
    const started = plan.instances
      .filter(({ service }) => (options.only ?? SERVICES).includes(service))
      .map((instance) => createService(instance, plan, options));
    const outcomes = await Promise.allSettled(started.map(({ start }) => start()));
    const stop = async () => {
      await Promise.all(started.map((service) => service.stop()));
      await lock.release();
    };
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure) {
      await stop();
      throw failure.reason;
    }
    const handles = Object.fromEntries(started.map((service) => [service.name, service]));
    return { urls: plan.urls, admin: plan.admin, handles, stop };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface Instance {
  readonly name: string;
  readonly service: ServiceName;
  readonly port: number;
  readonly folder: string;
}

interface Plan {
  readonly dataDir: string;
  readonly instances: readonly Instance[];
  readonly urls: ServiceUrls;
  readonly admin: { readonly email: string; readonly password: string };
  readonly secrets: Secrets;
}

async function ownServices(wanted: string): Promise<{ dataDir: string; lock: Lock }> {
  await mkdir(wanted, { recursive: true });
  const dataDir = await realpath(wanted);
  const lock = await tryLock(`services:${dataDir}`, () => ({ pid: process.pid }));
  if (lock) return { dataDir, lock };
  throw new SetupError(
    `The services of ${dataDir} are already running.`,
    'Use those, stop them first, or choose another folder with --data-dir.',
  );
}

async function planServices(options: ServicesOptions, dataDir: string): Promise<Plan> {
  const names = SERVICES.flatMap((service) => {
    const count = options.instances?.[service] ?? 1;
    return Array.from({ length: count }, (_, index) => ({
      service,
      name: index === 0 ? service : `${service}-${index + 1}`,
    }));
  });
  const folderOf = (name: string) => join(dataDir, 'services', name);
  await Promise.all(names.map(({ name }) => clearProcessesIn(folderOf(name), 12_000)));
  const preferred = { gateway: USUAL_GATEWAY_PORT };
  const ports: Record<string, number> = await choosePorts(
    dataDir,
    names.map(({ name }) => name),
    preferred,
  );
  if (options.gatewayPort !== undefined) {
    await requireFreePort(options.gatewayPort);
    ports.gateway = options.gatewayPort;
  }
  const url = (name: string) => `http://127.0.0.1:${ports[name]}`;
  const secrets = await keepSecrets(dataDir);
  return {
    dataDir,
    secrets,
    admin: { email: ADMIN_EMAIL, password: secrets.adminPassword },
    instances: names.map(({ name, service }) => ({
      name,
      service,
      port: ports[name] ?? 0,
      folder: folderOf(name),
    })),
    urls: {
      gateway: url('gateway'),
      auth: url('auth'),
      catalog: url('catalog'),
      booking: url('booking'),
      payment: url('payment-sandbox'),
    },
  };
}

function createService(instance: Instance, plan: Plan, options: ServicesOptions): ServiceHandle {
  const url = `http://127.0.0.1:${instance.port}`;
  const env = {
    ...readEnvironment(),
    ...options.env,
    ...serviceEnvironment(instance, plan, options.stackEnv),
  };
  const logFile = join(plan.dataDir, 'logs', `${instance.name}.log`);
  let server: Server | undefined;
  return {
    name: instance.name,
    url,
    get pid() {
      return server?.isRunning() ? server.pid : 0;
    },
    async kill() {
      await server?.kill();
      server = undefined;
    },
    async start() {
      if (server?.isRunning()) return;
      const step = (options.progress ?? silentProgress).step(instance.name);
      step.update('starting');
      await mkdir(instance.folder, { recursive: true });
      try {
        server = await startServer({
          name: instance.name,
          command: [process.execPath, ...NODE_OPTIONS, join(checkout, PROGRAMS[instance.service])],
          folder: instance.folder,
          logFile,
          env,
          stopSignal: 'TERM',
          ready: () => requireReady(url),
          onLost: (how) => options.onLost?.(`${how}; its log is ${logFile}`),
          signal: options.signal,
        });
        step.done(`ready at ${url}`);
      } catch (error) {
        step.fail('did not come up');
        throw error;
      }
    },
    async stop() {
      await server?.stop();
      server = undefined;
    },
  };
}

async function requireReady(url: string): Promise<void> {
  const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3000) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${url}/readyz answered ${response.status}`);
}

/** The settings of a service, by name as its own config declares them. */
function serviceEnvironment(
  { service, port }: Instance,
  { dataDir, urls, admin, secrets }: Plan,
  stores: StackEnvironment,
): Environment {
  const common = {
    HOST: '127.0.0.1',
    PORT: `${port}`,
    KAFKA_BROKERS: stores.KAFKA_BROKERS,
    AUTH_URL: urls.auth,
  };
  const own: Record<ServiceName, Environment> = {
    'payment-sandbox': {
      DATA_DIR: join(dataDir, 'payment-sandbox'),
      WEBHOOK_URL: `${urls.booking}${WEBHOOK_PATH}`,
      WEBHOOK_SECRET: secrets.paymentWebhookSecret,
      SECRET_KEY: secrets.paymentSecretKey,
    },
    auth: {
      POSTGRES_URL: stores.POSTGRES_URL,
      DATABASE_NAME: 'auth',
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
    },
    catalog: {
      MONGODB_URL: stores.MONGODB_URL,
      MONGODB_DATABASE: 'catalog',
      REDIS_URL: stores.REDIS_URL,
    },
    booking: {
      POSTGRES_URL: stores.POSTGRES_URL,
      DATABASE_NAME: 'booking',
      CATALOG_URL: urls.catalog,
      PAYMENT_URL: urls.payment,
      PAYMENT_SECRET_KEY: secrets.paymentSecretKey,
      PAYMENT_WEBHOOK_SECRET: secrets.paymentWebhookSecret,
      // The sandbox runs beside it and is back within a second.
      BREAKER_PAUSE_SECONDS: '2',
    },
    gateway: {
      CATALOG_URL: urls.catalog,
      BOOKING_URL: urls.booking,
      REDIS_URL: stores.REDIS_URL,
    },
  };
  return { ...common, ...own[service] };
}
