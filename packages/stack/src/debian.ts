import { isRoot } from './config.ts';
import { waitForLock } from './lock.ts';
import { SetupError } from './setup-error.ts';
import type { SetupContext } from './store.ts';
import { findProgram, runTool, ToolError } from './tool.ts';

/**
 * Installs Debian packages that `purpose` needs. Only root on a machine with apt-get may; for
 * everyone else this throws `SetupError` whose remedy is the one line to run.
 */
export async function installPackages(
  context: SetupContext,
  packages: readonly string[],
  purpose: string,
): Promise<void> {
  const line = `apt-get install -y ${packages.join(' ')}`;
  if (!(await findProgram('apt-get', context.env))) {
    throw new SetupError(
      `${purpose} needs ${packages.join(', ')}, and there is no apt-get to install it.`,
      `Install ${packages.join(', ')} with your system's package tool.`,
    );
  }
  if (!isRoot()) {
    throw new SetupError(`${purpose} needs ${packages.join(', ')}.`, `Run: sudo ${line}`);
  }
  const lock = await waitForLock('apt-get', context.signal);
  try {
    context.step.update(`installing ${packages.join(', ')}`);
    await installOrUpdateFirst(context, packages);
  } catch (cause) {
    context.signal?.throwIfAborted();
    throw new SetupError(
      `${purpose} needs ${packages.join(', ')}, and apt-get could not install it.\n${cause instanceof Error ? cause.message : ''}`,
      `Run: apt-get update && ${line}`,
      { cause },
    );
  } finally {
    await lock.release();
  }
}

async function installOrUpdateFirst(
  context: SetupContext,
  packages: readonly string[],
): Promise<void> {
  const env = { ...context.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const { signal } = context;
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  const install = () =>
    runTool(['apt-get', ...wait, 'install', '-y', '-q', '--no-install-recommends', ...packages], {
      env,
      signal,
      onLine: (line) => context.step.update(line),
    });
  try {
    await install();
  } catch (error) {
    // Package lists that are missing or out of date: fetch them and try once more.
    if (!(error instanceof ToolError)) throw error;
    await runTool(['dpkg', '--configure', '-a'], { env, signal });
    context.step.update('fetching the package lists');
    await runTool(['apt-get', ...wait, 'update', '-q'], { env, signal });
    await install();
  }
}
