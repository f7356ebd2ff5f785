import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Server, startServer } from './child.ts';
import { installPackages } from './debian.ts';
import { hidePassword } from './postgres.ts';
import { SetupError } from './setup-error.ts';
import { givenStore, ownStore, type SetupContext, type StoreHandle } from './store.ts';
import { findProgram } from './tool.ts';

/** Redis: given by REDIS_URL, redis-server or valkey-server on PATH, or Debian's package. */
export async function findRedis(context: SetupContext, port: number): Promise<StoreHandle> {
  const given = context.env.REDIS_URL;
  if (given) {
    const version = await askRedis(given).catch((cause) => {
      throw new SetupError(
        `REDIS_URL is set, but nothing answers at ${hidePassword(given)}.`,
        'Start that server, or unset REDIS_URL to let Holdfast bring up its own.',
        { cause },
      );
    });
    return givenStore({ name: 'redis', url: given, version, variable: 'REDIS_URL' });
  }
  const passedOver: string[] = [];
  let program = await findRedisProgram(context);
  if (!program) {
    passedOver.push('no redis-server or valkey-server on PATH');
    await installPackages(context, ['redis-server'], 'Redis');
    program = await findRedisProgram(context);
  }
  if (!program) {
    throw new SetupError(
      'The package redis-server was installed, but the program is not on PATH.',
      'Add the folder of redis-server to PATH, or set REDIS_URL.',
    );
  }
  return runRedis(context, port, program, passedOver);
}

async function findRedisProgram({ env }: SetupContext): Promise<string | undefined> {
  return (await findProgram('redis-server', env)) ?? (await findProgram('valkey-server', env));
}

async function runRedis(
  context: SetupContext,
  port: number,
  program: string,
  passedOver: readonly string[],
): Promise<StoreHandle> {
  const folder = join(context.dataDir, 'redis');
  await mkdir(folder, { recursive: true });
  const url = `redis://127.0.0.1:${port}`;
  const launch = async (): Promise<Server[]> => {
    context.step.update('starting');
    const server = await startServer({
      name: 'Redis',
      command: [
        program,
        ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder],
        ...['--appendonly', 'yes', '--daemonize', 'no', '--save', ''],
      ],
      folder,
      logFile: join(context.dataDir, 'logs/redis.log'),
      env: context.env,
      stopSignal: 'TERM',
      ready: () => askRedis(url),
      signal: context.signal,
    });
    return [server];
  };
  const running = await launch();
  const version = await askRedis(url);
  const packaged = passedOver.length > 0 ? 'Debian package redis-server, ' : '';
  const source = `${packaged}${program}`;
  return ownStore({ name: 'redis', url, version, source, passedOver, launch }, running);
}

/** The name and version of the server at this URL; throws when it does not answer. */
export async function askRedis(url: string): Promise<string> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 2000,
    commandTimeout: 2000,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  });
  redis.on('error', () => {});
  try {
    await redis.connect();
    await redis.ping();
    const text = await redis.info('server');
    const valkey = /^valkey_version:(\S+)/m.exec(text)?.[1];
    return valkey ? `Valkey ${valkey}` : (/^redis_version:(\S+)/m.exec(text)?.[1] ?? 'unknown');
  } finally {
    redis.disconnect();
  }
}
