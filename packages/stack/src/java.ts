import { join } from 'node:path';
import { installPackages } from './debian.ts';
import { SetupError } from './setup-error.ts';
import type { SetupContext } from './store.ts';
import { findProgram, runTool } from './tool.ts';

const OLDEST_JAVA = 17;

/** The path of a `java` that can run Kafka 4, installed if it may be. */
export async function findJava(context: SetupContext): Promise<string> {
  const here = await locateJava(context);
  if (here && here.major >= OLDEST_JAVA) return here.path;
  await installPackages(context, ['openjdk-17-jre-headless'], 'Kafka 4');
  const installed = await locateJava(context);
  if (installed && installed.major >= OLDEST_JAVA) return installed.path;
  throw new SetupError(
    `Kafka 4 needs Java ${OLDEST_JAVA} or later; ${installed?.path ?? 'java'} is ${installed?.major ?? 'missing'}.`,
    `Put Java ${OLDEST_JAVA} or later first on PATH, or set JAVA_HOME to it.`,
  );
}

/** The `java` of JAVA_HOME or PATH and its major version. */
export async function locateJava(
  context: Pick<SetupContext, 'env' | 'signal'>,
): Promise<{ path: string; major: number } | undefined> {
  const { env, signal } = context;
  const home = env.JAVA_HOME ? await findProgram('java', { PATH: join(env.JAVA_HOME, 'bin') }) : '';
  const path = home || (await findProgram('java', env));
  if (!path) return undefined;
  const { text } = await runTool([path, '-version'], { env, signal });
  return { path, major: javaMajor(text) };
}

/** The major version in what `java -version` prints; 8 and older begin with "1.". */
export function javaMajor(text: string): number {
  const found = /version "(?:1\.)?(\d+)/.exec(text);
  return Number(found?.[1] ?? 0);
}
