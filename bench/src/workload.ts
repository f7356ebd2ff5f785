import type { Bench } from './bench.ts';
import type { Latency } from './statistics.ts';

/** What one round of one contender measured. */
export type Sample = {
  /** What is compared: answers, seats or whatever the workload counts, a second. */
  readonly perSecond: number;
  readonly answered: number;
  readonly seconds: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly latency?: Latency;
  /** CPU microseconds of the contender's own processes, of the stores and of the load generator. */
  readonly cpuMicros: { own: number; stores: number | undefined; load: number };
  /** Answers that must not be: they void the run. */
  readonly faults?: readonly string[];
};

/** One side of a comparison. Every side gets the same rounds, in turns. */
export type Contender = {
  readonly name: string;
  /** What it is, and what would make it faster. */
  readonly what: string;
  readonly measure: (round: number) => Promise<Sample>;
};

/**
 * What must be reached. A ratio compares two contenders round by round. An aim is printed beside
 * the bars and is not one of them.
 */
export type Bar = {
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly isAim?: boolean;
} & (
  | { readonly kind: 'ratio'; readonly of: string; readonly to: string }
  | { readonly kind: 'figure'; readonly figure: string }
);

/** A number beside the rates: a latency, a size, a count. */
export type Figure = { readonly name: string; readonly value: number; readonly unit: string };

export type Prepared = {
  readonly contenders: readonly Contender[];
  readonly bars: readonly Bar[];
  /** Measured once after the rounds, with what the rounds brought. */
  readonly figures?: (samples: ReadonlyMap<string, readonly Sample[]>) => Promise<Figure[]>;
  /** What is wrong with the stores afterwards; anything voids the run. */
  readonly audit: () => Promise<string[]>;
  /** What the bench does not close by itself; see `atEnd`. */
  readonly close?: () => Promise<void>;
};

export type Workload = {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  /** Brings up and fills what it needs. Throws `NotThere` when the system lacks what it measures. */
  readonly prepare: (bench: Bench) => Promise<Prepared>;
};

/** The system does not have what a workload measures (yet); its report says so. */
export class NotThere extends Error {}
