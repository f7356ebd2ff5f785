import { hoursAtShare, isSoldOut, type SalesCurve, STEPS, shareAtHours } from './sales-curve.ts';

/** When an event will be sold out, in hours from now. */
export type SelloutForecast = {
  /** Median; null: not before the event begins. */
  readonly hours: number | null;
  /** Eight of ten similar events would lie between these two; null: not before it begins. */
  readonly earliestHours: number | null;
  readonly latestHours: number | null;
  /** How likely it is sold out before it begins, 0 to 1. */
  readonly chance: number;
  /** Share of the seats that will be sold when it begins. */
  readonly shareAtStart: number;
  /** Finished events that the forecast rests on. */
  readonly similarEvents: number;
};

/** Fewer finished events that came as far say nothing. */
export const FEWEST_SIMILAR = 3;
const MOST_SIMILAR = 15;
/** In spans of the second half of what is sold: curves further apart on the way so far differ. */
const MOST_UNLIKE = 1;
const ONE_SECOND_HOURS = 1 / 3_600;
/** Speed counts for little beside shape: an event that sold in the same way at half the speed fits. */
const SPEED_WEIGHT = 0.25;
const SHARPNESS = 0.1;

type Neighbour = { weight: number; hours: number; shareAtStart: number };

/**
 * Forecasts from finished events that passed the share which is sold now. Curves are laid over each
 * other at that share and stretched in time until the second half of what is sold took equally long;
 * those that then agree best on the way so far tell the rest of the way, each by its weight.
 * Undefined when fewer than three came as far in a similar way.
 */
export function forecastSellout(
  open: SalesCurve,
  finished: readonly SalesCurve[],
): SelloutForecast | undefined {
  if (open.share <= 0 || isSoldOut(open)) return undefined;
  const similar = finished
    .flatMap((curve) => compare(open, curve) ?? [])
    .sort((a, b) => b.weight - a.weight)
    .slice(0, MOST_SIMILAR);
  if (similar.length < FEWEST_SIMILAR) return undefined;
  const total = similar.reduce((sum, { weight }) => sum + weight, 0);
  const inTime = similar.filter(({ hours }) => hours < Number.POSITIVE_INFINITY);
  const hoursOf = (share: number) => {
    const hours = weightedQuantile(similar, ({ hours }) => hours, share);
    return hours === Number.POSITIVE_INFINITY ? null : hours;
  };
  return {
    hours: hoursOf(0.5),
    earliestHours: hoursOf(0.1),
    latestHours: hoursOf(0.9),
    chance: inTime.reduce((sum, { weight }) => sum + weight, 0) / total,
    shareAtStart: weightedQuantile(similar, ({ shareAtStart }) => shareAtStart, 0.5),
    similarEvents: similar.length,
  };
}

/** What the rest of the way would be if the event went on like this one; undefined: it is none to learn from. */
function compare(open: SalesCurve, curve: SalesCurve): Neighbour | undefined {
  const here = hoursAtShare(curve, open.share);
  const half = hoursAtShare(curve, open.share / 2);
  if (here === undefined || half === undefined) return undefined;
  const ownHalf = hoursAtShare(open, open.share / 2) ?? 0;
  const itsSpan = Math.max(here - half, ONE_SECOND_HOURS);
  const ownSpan = Math.max(open.elapsedHours - ownHalf, ONE_SECOND_HOURS);
  const pace = ownSpan / itsSpan;

  const steps = Math.floor(open.share * STEPS);
  let squares = 0;
  for (let step = 0; step <= steps; step += 1) {
    const own = (open.elapsedHours - (open.hours[step] ?? 0)) / ownSpan;
    const its = (here - (curve.hours[step] ?? 0)) / itsSpan;
    squares += (own - its) ** 2;
  }
  const unlikeness = Math.sqrt(squares / (steps + 1));
  if (unlikeness > MOST_UNLIKE) return undefined;
  const distance = unlikeness + SPEED_WEIGHT * Math.abs(Math.log(pace));

  const rest = isSoldOut(curve) ? (curve.elapsedHours - here) * pace : Number.POSITIVE_INFINITY;
  return {
    weight: 1 / (SHARPNESS + distance),
    hours: rest <= open.hoursLeft ? rest : Number.POSITIVE_INFINITY,
    shareAtStart: Math.max(open.share, shareAtHours(curve, here + open.hoursLeft / pace)),
  };
}

/** The naive forecast: what remains at the rate at which the last tenth of the seats was sold. */
export function naiveSelloutHours(open: SalesCurve): number | null {
  if (open.share <= 0) return null;
  const before = Math.max(0, open.share - 0.1);
  const took = open.elapsedHours - (hoursAtShare(open, before) ?? 0);
  const hours = ((1 - open.share) * Math.max(took, ONE_SECOND_HOURS)) / (open.share - before);
  return hours <= open.hoursLeft ? hours : null;
}

/** The least value that so great a share of the weight does not exceed. */
function weightedQuantile<T extends { weight: number }>(
  items: readonly T[],
  numberOf: (item: T) => number,
  share: number,
): number {
  const sorted = items.toSorted((a, b) => Math.sign(numberOf(a) - numberOf(b)) || 0);
  const wanted = share * sorted.reduce((sum, { weight }) => sum + weight, 0);
  let passed = 0;
  for (const item of sorted) {
    passed += item.weight;
    if (passed >= wanted) return numberOf(item);
  }
  return Number.POSITIVE_INFINITY;
}
