import closeWithGrace from 'close-with-grace';
import { ConfigError } from './config.ts';
import { describeError, withoutParameters } from './errors.ts';
import type { Logger } from './logger.ts';

/** What owns resources and must be closed. */
export type Service = { readonly url: string; stop(): Promise<void> };

/**
 * Runs a service as this process: starts it, prints its URL, and stops it gracefully
 * on SIGTERM and SIGINT within 10 s. Bad configuration exits with status 2.
 */
export async function runService(
  name: string,
  start: () => Promise<{ service: Service; log: Logger }>,
): Promise<void> {
  try {
    const { service, log } = await start();
    log.info('service.started', { url: service.url, node: process.version });
    closeWithGrace({ delay: 10_000, logger: false }, async ({ signal, err }) => {
      if (err)
        log.error('service.crashed', {
          error: describeError(err),
          stack: withoutParameters(err.stack ?? ''),
        });
      log.info('service.stopping', { signal });
      await service.stop();
      log.info('service.stopped');
    });
  } catch (error) {
    const reason =
      error instanceof ConfigError
        ? error.message
        : withoutParameters(String((error as Error).stack));
    process.stderr.write(`${name} did not start. ${reason}\n`);
    process.exit(error instanceof ConfigError ? 2 : 1);
  }
}

/** Closes in order, each even if one before it failed; throws the failures together. */
export async function closeAll(
  ...closers: readonly ((() => Promise<unknown> | unknown) | undefined)[]
): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers) {
    try {
      await close?.();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'Not everything closed cleanly');
}
