import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { forecastSellouts } from '../operations/forecast-sellouts.ts';

const MINUTE_MS = 60_000;

/** Each minute the sell-out forecasts that are oldest. Nothing that sells waits for it. */
export function createForecastLoop(deps: { db: Database; log: Logger }): Loop {
  return createLoop({
    name: 'forecasts',
    intervalMs: MINUTE_MS,
    log: deps.log,
    async round() {
      await forecastSellouts(deps.db);
      // What is left over has its turn in a minute: a round is never followed by another at once.
      return 0;
    },
  });
}
