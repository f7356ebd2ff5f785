import { cutAtShare, isSoldOut, type SalesCurve } from './sales-curve.ts';
import { forecastSellout, naiveSelloutHours } from './sellout.ts';

/** How far forecasts were off, over events that they did not know. */
export type Accuracy = {
  readonly events: number;
  readonly forecasts: number;
  /** Mean absolute error in hours, of the forecast and of the naive one. */
  readonly errorHours: number;
  readonly naiveErrorHours: number;
  /** Mean absolute logarithm of forecast to truth: fair to sales of minutes and of months alike. */
  readonly errorLogRatio: number;
  readonly naiveErrorLogRatio: number;
};

const CHECKPOINTS = [0.25, 0.5, 0.75];
const ONE_MINUTE_HOURS = 1 / 60;

/**
 * Holds out each finished event in turn, forecasts it from the others as it stood when 25, 50 and
 * 75 percent were sold, and compares with what came. "Not before it begins" counts as its beginning,
 * as forecast and as truth. Undefined when there was nothing to forecast from.
 */
export function measureAccuracy(finished: readonly SalesCurve[]): Accuracy | undefined {
  const held = finished.flatMap((curve, at) => {
    const others = finished.filter((_other, index) => index !== at);
    return CHECKPOINTS.flatMap((share) => {
      if (curve.share <= share) return [];
      const then = cutAtShare(curve, share);
      const forecast = forecastSellout(then, others);
      if (forecast === undefined) return [];
      const truth = isSoldOut(curve) ? curve.elapsedHours - then.elapsedHours : then.hoursLeft;
      return [
        {
          ...{ at, truth },
          forecast: forecast.hours ?? then.hoursLeft,
          naive: naiveSelloutHours(then) ?? then.hoursLeft,
        },
      ];
    });
  });
  if (held.length === 0) return undefined;
  const mean = (errorOf: (one: (typeof held)[number]) => number) =>
    held.reduce((sum, one) => sum + errorOf(one), 0) / held.length;
  return {
    events: new Set(held.map(({ at }) => at)).size,
    forecasts: held.length,
    errorHours: mean(({ forecast, truth }) => Math.abs(forecast - truth)),
    naiveErrorHours: mean(({ naive, truth }) => Math.abs(naive - truth)),
    errorLogRatio: mean(({ forecast, truth }) => logRatio(forecast, truth)),
    naiveErrorLogRatio: mean(({ naive, truth }) => logRatio(naive, truth)),
  };
}

function logRatio(forecast: number, truth: number): number {
  return Math.abs(Math.log((forecast + ONE_MINUTE_HOURS) / (truth + ONE_MINUTE_HOURS)));
}
