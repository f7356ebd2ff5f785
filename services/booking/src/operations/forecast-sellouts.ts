import type { Database } from '@holdfast/shared/postgres/database.ts';
import { measureAccuracy } from '../forecast/accuracy.ts';
import { isSoldOut, type SalesCurve } from '../forecast/sales-curve.ts';
import { forecastSellout, naiveSelloutHours } from '../forecast/sellout.ts';
import {
  claimForecasts,
  type EventForecast,
  type EventSales,
  findCurves,
  findDueEvents,
  keepCurves,
  keepForecasts,
  readSales,
  recordAccuracy,
  wereBetterThanNaive,
} from '../stores/forecasts.ts';

/** What one round reads at most, so that it is a matter of milliseconds however many events there are. */
const MOST_EVENTS = { begun: 20, onSale: 50 };
const CURVES = { fewestTickets: 20, most: 100 };

/**
 * Forecasts the sell-out of the events whose forecast is oldest. Sales that have ended become curves
 * to learn from; after each new one the error of the forecast over held-out events is measured, and
 * where it is no better than the naive one, that one is given. Answers how many events were looked at.
 */
export async function forecastSellouts(db: Database): Promise<number> {
  return db.transaction(async (tx) => {
    if (!(await claimForecasts(tx))) return 0;
    const sales = await readSales(tx, await findDueEvents(tx, MOST_EVENTS));
    const ended = sales.filter(({ hasBegun, curve }) => hasBegun || isSoldOut(curve));
    const isNew = (await keepCurves(tx, ended)) > 0;
    const finished = await findCurves(tx, CURVES);
    const accuracy = isNew ? measureAccuracy(finished.map(({ curve }) => curve)) : undefined;
    if (accuracy !== undefined) await recordAccuracy(tx, accuracy);
    const curves = (await wereBetterThanNaive(tx)) ? finished : [];
    await keepForecasts(
      tx,
      sales
        .filter(({ hasBegun }) => !hasBegun)
        .map((one) => {
          const others = curves.filter(({ eventId }) => eventId !== one.eventId);
          return forecastOne(
            one,
            others.map(({ curve }) => curve),
          );
        }),
    );
    return sales.length;
  });
}

function forecastOne(
  { eventId, seats, tickets, hoursSinceOpening, curve }: EventSales,
  finished: readonly SalesCurve[],
): EventForecast {
  const none = {
    ...{ eventId, seats, tickets, similarEvents: 0, selloutHours: null, earliestHours: null },
    ...{ latestHours: null, chance: null, shareAtStart: null, naiveHours: null },
  };
  if (tickets === 0) return { ...none, basis: 'no_sales' };
  if (isSoldOut(curve)) {
    return { ...none, basis: 'sold_out', selloutHours: curve.elapsedHours - hoursSinceOpening };
  }
  const naiveHours = naiveSelloutHours(curve);
  const forecast = forecastSellout(curve, finished);
  if (forecast === undefined) {
    return { ...none, basis: 'own_rate', selloutHours: naiveHours, naiveHours };
  }
  const { hours, ...rest } = forecast;
  return { ...none, ...rest, basis: 'similar_events', selloutHours: hours, naiveHours };
}
