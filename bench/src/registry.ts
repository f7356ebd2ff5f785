import { SetupError } from '@holdfast/stack/setup-error.ts';
import type { Workload } from './workload.ts';
import { bookingGrowth } from './workloads/booking-growth.ts';
import { catalogGrowth } from './workloads/catalog-growth.ts';
import { browse } from './workloads/w1-browse.ts';
import { staleness } from './workloads/w2-staleness.ts';
import { seatMap } from './workloads/w3-seat-map.ts';
import { spreadHolds } from './workloads/w4-spread-holds.ts';
import { hotEvent } from './workloads/w5-hot-event.ts';
import { fewSeats } from './workloads/w6-few-seats.ts';
import { herd } from './workloads/w7-best-available.ts';
import { checkoutStart } from './workloads/w8-checkout-start.ts';
import { checkout } from './workloads/w9-checkout.ts';
import { liveMap } from './workloads/w10-live-map.ts';
import { endingHolds } from './workloads/w15-ending-holds.ts';

/** Every workload, in the order they run. A new one is a file in workloads/ and a line here. */
export const WORKLOADS: readonly Workload[] = [
  browse,
  staleness,
  seatMap,
  spreadHolds,
  hotEvent,
  fewSeats,
  herd,
  checkoutStart,
  checkout,
  liveMap,
  endingHolds,
  catalogGrowth,
  bookingGrowth('G2', 1_000_000),
  bookingGrowth('G3', 10_000_000),
];

/** Seeding takes many minutes: only with `--growth`, or by name. */
const GROWTH = 'growth';

/**
 * The workloads that these words name: an id such as W4, or a group. Without a word all but those
 * of growth, or, when growth is asked for, those only.
 */
export function chooseWorkloads(words: readonly string[], growth = false): Workload[] {
  if (words.length === 0) {
    return WORKLOADS.filter(({ group }) => (group === GROWTH) === growth);
  }
  const chosen = new Set([...words, ...(growth ? [GROWTH] : [])].flatMap(named));
  return WORKLOADS.filter((workload) => chosen.has(workload));
}

function named(word: string): Workload[] {
  const wanted = word.toLowerCase();
  const found = WORKLOADS.filter(
    ({ id, group }) => id.toLowerCase() === wanted || group === wanted,
  );
  if (found.length > 0) return found;
  const groups = [...new Set(WORKLOADS.map(({ group }) => group))];
  throw new SetupError(
    `There is no workload or group "${word}".`,
    `Name one of: ${[...groups, ...WORKLOADS.map(({ id }) => id)].join(', ')}.`,
  );
}
