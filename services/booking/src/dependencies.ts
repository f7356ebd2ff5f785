import { type BreakerState, createBreaker } from '@holdfast/shared/breaker.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import type { BookingConfig } from './config.ts';
import { isOutOfReach } from './provider-errors.ts';
import { oldestByStatus } from './stores/operations.ts';

export type Breakers = ReturnType<typeof createBreakers>;

/** Nothing is to rest in a middle state (invariant 14) but what a bank works on. */
export async function requireNoneResting(db: Database, limitSeconds: number): Promise<void> {
  const resting = (await oldestByStatus(db)).filter(
    ({ status, seconds }) => status !== 'processing' && seconds > limitSeconds,
  );
  if (resting.length === 0) return;
  const each = resting.map(({ status, seconds }) => `${status} for ${Math.round(seconds)} s`);
  throw new Error(`Bookings rest: ${each.join(', ')}; see ./holdfast bookings list --stuck`);
}

/** One for each dependency that is asked over the network; their state is in metrics and health. */
export function createBreakers(config: BookingConfig, log: Logger) {
  const settings = {
    failuresToOpen: config.BREAKER_FAILURES,
    pauseMs: config.BREAKER_PAUSE_SECONDS * 1_000,
    successesToClose: config.BREAKER_SUCCESSES,
  };
  const onChange = (dependency: string) => (state: BreakerState) =>
    log.warn('breaker.changed', { dependency, state: state.kind });
  return {
    payments: createBreaker({
      ...settings,
      name: 'the payment provider',
      isFailure: isOutOfReach,
      onChange: onChange('payments'),
    }),
    catalog: createBreaker({ ...settings, name: 'catalog', onChange: onChange('catalog') }),
  };
}
