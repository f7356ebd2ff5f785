import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../src/cache.ts';
import { type Environment, readEnvironment } from '../src/config.ts';
import type { ServiceName } from '../src/services.ts';

/** A data folder of this test's own; the servers in it must be stopped before it is removed. */
export async function createDataDir(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-stack-'));
  return { path, remove: () => removeTree(path) };
}

/** This run's environment without the stores it was given, so that stores are brought up. */
export function withoutGivenStores(): Environment {
  const { POSTGRES_URL, MONGODB_URL, KAFKA_BROKERS, REDIS_URL, ...rest } = readEnvironment();
  return rest;
}

export const ONLY_SANDBOX: readonly ServiceName[] = ['payment-sandbox'];
