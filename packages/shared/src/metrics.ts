import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** How the read of a route whose answers are kept was answered; a shared one by another's run. */
export type KeptOutcome = 'hit' | 'not_modified' | 'miss' | 'shared';

/**
 * A count that grows by plain addition and is collected when the metrics are read. To observe its
 * time by the library would take a fifth of a kept answer, and says nothing: none waits.
 */
export type Tally = { count: number };

/** A service's metrics registry, with the process's own figures and the service as label. */
export function createMetrics(service: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const requestSeconds = new Histogram({
    name: 'holdfast_http_request_seconds',
    help: 'Duration of HTTP requests by route and status; holdfast_kept_reads_total has the others',
    labelNames: ['route', 'method', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  const tallies: { labels: { route: string; outcome: KeptOutcome }; tally: Tally }[] = [];
  new Counter({
    name: 'holdfast_kept_reads_total',
    help: 'Reads of kept answers, by route and outcome',
    labelNames: ['route', 'outcome'] as const,
    registers: [registry],
    collect() {
      for (const { labels, tally } of tallies) {
        this.inc(labels, tally.count);
        tally.count = 0;
      }
    },
  });
  return {
    registry,
    requestSeconds,
    /** Where reads of a route that end so are to be counted, for as long as the process lives. */
    keptReads(route: string, outcome: KeptOutcome): Tally {
      const known = tallies.find(
        ({ labels }) => labels.route === route && labels.outcome === outcome,
      );
      if (known) return known.tally;
      const tally = { count: 0 };
      tallies.push({ labels: { route, outcome }, tally });
      return tally;
    },
    counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []) {
      return new Counter<L>({ name, help, labelNames, registers: [registry] });
    },
    histogram(name: string, help: string, buckets: readonly number[]) {
      return new Histogram({ name, help, buckets: [...buckets], registers: [registry] });
    },
    /** A gauge; with `read`, its value is asked at each scrape. */
    gauge(name: string, help: string, read?: () => Promise<number>) {
      return new Gauge({
        name,
        help,
        registers: [registry],
        ...(read && {
          async collect(this: Gauge) {
            this.set(await read());
          },
        }),
      });
    },
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
