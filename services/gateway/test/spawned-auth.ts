import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import pg from 'pg';

const MAIN = new URL('../../auth/src/main.ts', import.meta.url).pathname;

/** The real auth service as a process, with a database and topics of its own. */
export async function spawnAuth() {
  const { POSTGRES_URL = '', KAFKA_BROKERS = '' } = process.env;
  const name = `gateway_auth_${newId().replaceAll('-', '')}`;
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PORT: '0',
      DATABASE_NAME: name,
      TOPIC_PREFIX: `${name}.`,
      PASSWORD_MEMORY_KIB: '1024',
      PASSWORD_TIME_COST: '1',
    },
  });
  const exited = once(child, 'exit');
  const started = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { event, url } = JSON.parse(line) as { event: string; url?: string };
    if (event === 'service.started' && url !== undefined) started.resolve(url);
  });
  const url = await Promise.race([
    started.promise,
    exited.then(([code]) => Promise.reject(new Error(`auth ended with ${code}`))),
  ]);
  await waitUntil('auth to be ready', async () => (await fetch(`${url}/readyz`)).ok);
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      await dropTopics(KAFKA_BROKERS, `${name}.`);
      const client = new pg.Client({ connectionString: POSTGRES_URL });
      await client.connect();
      await client.query(`drop database ${pg.escapeIdentifier(name)} with (force)`);
      await client.end();
    },
  };
}
