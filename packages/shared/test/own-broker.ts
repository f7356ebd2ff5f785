import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, readEnvironment } from '@holdfast/stack/config.ts';
import { findKafka } from '@holdfast/stack/kafka.ts';
import { choosePorts } from '@holdfast/stack/ports.ts';
import { silentProgress } from '@holdfast/stack/progress.ts';

/** A broker for this test alone, that it may kill. */
export async function startOwnBroker() {
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-bus-'));
  const { KAFKA_BROKERS: _given, ...env } = readEnvironment();
  const ports = await choosePorts(dataDir, ['broker', 'controller']);
  const step = silentProgress.step('Kafka');
  const handle = await findKafka({ env, dataDir, cache: cacheFolder(env), step }, ports);
  const settingsFile = join(dataDir, 'kafka/server.properties');
  const settings = await readFile(settingsFile, 'utf8');
  return {
    brokers: handle.url,
    kill: () => handle.kill(),
    start: () => handle.start(),
    /** Starts it anew so that it drops connections on which nothing is said for so long. */
    async limitIdling(idleMs?: number) {
      const line = idleMs === undefined ? '' : `connections.max.idle.ms=${idleMs}\n`;
      await writeFile(settingsFile, settings + line);
      await handle.kill();
      await handle.start();
    },
    async stop() {
      await handle.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
