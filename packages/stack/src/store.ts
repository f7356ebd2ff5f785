import type { Server } from './child.ts';
import type { Environment } from './config.ts';
import type { Step } from './progress.ts';
import { SetupError } from './setup-error.ts';

export type StoreName = 'postgres' | 'mongodb' | 'kafka' | 'redis';

/** A backing store, wherever it came from. */
export interface StoreHandle {
  readonly name: StoreName;
  /** For Kafka the broker's host and port, otherwise a connection URL. */
  readonly url: string;
  readonly version: string;
  /** Where it came from, in words for a person. */
  readonly source: string;
  /** Earlier choices and why each could not be used. */
  readonly passedOver: readonly string[];
  /** True when another server speaks the store's protocol in its place. */
  readonly standIn: boolean;
  /** SIGKILL; resolves when every process of the store is dead. Refused for a given store. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data; resolves when it answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What a store needs to be found or brought up. */
export interface SetupContext {
  readonly env: Environment;
  readonly dataDir: string;
  readonly cache: string;
  readonly step: Step;
  readonly signal?: AbortSignal | undefined;
}

export interface GivenStore {
  readonly name: StoreName;
  readonly url: string;
  readonly version: string;
  /** The environment variable that named it. */
  readonly variable: string;
}

/** A handle for a store that somebody else runs: it can be used, but not stopped or started. */
export function givenStore(given: GivenStore): StoreHandle {
  const refuse = async (): Promise<never> => {
    throw new SetupError(
      `${given.name} was given by ${given.variable}, so Holdfast neither kills nor starts it.`,
      `Unset ${given.variable} to let Holdfast bring up its own.`,
    );
  };
  return {
    name: given.name,
    url: given.url,
    version: given.version,
    source: `given by ${given.variable}`,
    passedOver: [],
    standIn: false,
    kill: refuse,
    start: refuse,
    stop: async () => {},
  };
}

export interface OwnStore {
  readonly name: StoreName;
  readonly url: string;
  readonly version: string;
  readonly source: string;
  readonly passedOver?: readonly string[];
  readonly standIn?: boolean;
  /** Starts the store's servers; later ones are stopped first. */
  readonly launch: () => Promise<Server[]>;
}

/** A handle for a store whose servers are already running as children of this process. */
export function ownStore(store: OwnStore, running: Server[]): StoreHandle {
  let servers = running;
  return {
    name: store.name,
    url: store.url,
    version: store.version,
    source: store.source,
    passedOver: store.passedOver ?? [],
    standIn: store.standIn ?? false,
    async kill() {
      await Promise.all(servers.map((server) => server.kill()));
      servers = [];
    },
    async start() {
      if (servers.length > 0 && servers.every((server) => server.isRunning())) return;
      // One that ended by itself takes the rest of its store with it.
      await Promise.all(servers.map((server) => server.kill()));
      servers = [];
      servers = await store.launch();
    },
    async stop() {
      for (const server of servers.toReversed()) await server.stop();
      servers = [];
    },
  };
}
