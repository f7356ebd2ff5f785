import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { type Server, startServer } from './child.ts';
import { buildDocumentDb, requireRoot, startDocumentDb } from './documentdb.ts';
import { findGo } from './go.ts';
import { askMongoDb, type MongoDbPorts } from './mongodb.ts';
import { SetupError } from './setup-error.ts';
import { ownStore, type SetupContext, type StoreHandle } from './store.ts';
import { runTool } from './tool.ts';

const FERRETDB_VERSION = '2.7.0';

/**
 * The stand-in for MongoDB: FerretDB, which speaks its protocol, on a PostgreSQL of its own with
 * the DocumentDB extension. Both are one store: they start, stop and are killed together.
 */
export async function findFerretDb(
  context: SetupContext,
  ports: MongoDbPorts,
  passedOver: readonly string[],
): Promise<StoreHandle> {
  requireRoot(passedOver);
  const [program, documentdb] = await bothOrNeither([
    buildFerretDb(context),
    buildDocumentDb(context),
  ]);
  const folder = join(context.dataDir, 'ferretdb');
  const state = join(folder, 'state');
  await mkdir(state, { recursive: true });
  await chown(state, documentdb.user.uid, documentdb.user.gid);
  const url = `mongodb://127.0.0.1:${ports.server}/?directConnection=true&retryWrites=false`;
  const launch = async (): Promise<Server[]> => {
    const data = join(folder, 'documentdb');
    const postgres = await startDocumentDb(context, documentdb, data, ports.documentdb);
    context.step.update('starting FerretDB');
    const ferretdb = await startServer({
      name: 'FerretDB',
      command: [
        program,
        `--postgresql-url=postgres://postgres@127.0.0.1:${ports.documentdb}/postgres`,
        `--listen-addr=127.0.0.1:${ports.server}`,
        ...['--debug-addr=', '--no-auth', '--telemetry=disable', `--state-dir=${state}`],
      ],
      folder: state,
      logFile: join(context.dataDir, 'logs/ferretdb.log'),
      env: context.env,
      user: documentdb.user,
      stopSignal: 'TERM',
      ready: () => askMongoDb(url),
      signal: context.signal,
    }).catch(async (error) => {
      await postgres.stop();
      throw error;
    });
    return [postgres, ferretdb];
  };
  const running = await launch();
  const version = `FerretDB ${FERRETDB_VERSION}, answers as MongoDB ${(await askMongoDb(url)).version}`;
  const source = 'FerretDB stand-in on PostgreSQL 18 with DocumentDB';
  const store = { name: 'mongodb' as const, url, version, source, passedOver, standIn: true };
  return ownStore({ ...store, launch }, running);
}

async function buildFerretDb(context: SetupContext): Promise<string> {
  const { cache, env, signal, step } = context;
  const folder = await cached(
    cache,
    `ferretdb-${FERRETDB_VERSION}-${process.arch}`,
    async (unfinished) => {
      const go = await findGo(context);
      step.update('building FerretDB');
      const target = `github.com/FerretDB/FerretDB/v2/cmd/ferretdb@v${FERRETDB_VERSION}`;
      await runTool([go, 'install', target], {
        env: { ...env, GOBIN: unfinished },
        signal,
      }).catch((cause) => {
        signal?.throwIfAborted();
        throw new SetupError(
          `FerretDB could not be built.\n${cause instanceof Error ? cause.message : ''}`,
          'Check the connection to the Go module proxy, put mongod on PATH, or set MONGODB_URL.',
          { cause },
        );
      });
    },
    signal,
  );
  return join(folder, 'ferretdb');
}

/** Waits for both, also when one fails, so that no work goes on after the error is reported. */
async function bothOrNeither<A, B>(work: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
