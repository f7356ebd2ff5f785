import { installPackages } from './debian.ts';
import { SetupError } from './setup-error.ts';
import type { SetupContext } from './store.ts';
import { findProgram, runTool } from './tool.ts';

/** FerretDB 2.7's go.mod asks for it. */
const OLDEST_GO = [1, 25] as const;

/** The path of a `go` that can build FerretDB, installed if it may be. */
export async function findGo(context: SetupContext): Promise<string> {
  const here = await locateGo(context);
  if (here && isEnough(here.version)) return here.path;
  if (!here) await installPackages(context, ['golang'], 'Building FerretDB');
  const installed = await locateGo(context);
  if (installed && isEnough(installed.version)) return installed.path;
  throw new SetupError(
    `FerretDB needs Go ${OLDEST_GO.join('.')} or later; ${installed?.path ?? 'go'} is ${installed?.version ?? 'missing'}.`,
    `Put Go ${OLDEST_GO.join('.')} or later first on PATH (https://go.dev/dl), put mongod on PATH, or set MONGODB_URL.`,
  );
}

/** The `go` on PATH and its version, without letting it fetch another version of itself. */
export async function locateGo(
  context: Pick<SetupContext, 'env' | 'signal'>,
): Promise<{ path: string; version: string } | undefined> {
  const { env, signal } = context;
  const path = await findProgram('go', env);
  if (!path) return undefined;
  const { text } = await runTool([path, 'version'], {
    env: { ...env, GOTOOLCHAIN: 'local' },
    signal,
  });
  return { path, version: /go(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1] ?? 'unknown' };
}

/** Whether this version of Go can build FerretDB. */
export function isEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST_GO[0] || (major === OLDEST_GO[0] && minor >= OLDEST_GO[1]);
}
