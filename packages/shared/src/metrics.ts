import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** A service's metrics registry, with the process's own figures and the service as label. */
export function createMetrics(service: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const requestSeconds = new Histogram({
    name: 'holdfast_http_request_seconds',
    help: 'Duration of HTTP requests by route and status',
    labelNames: ['route', 'method', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  return {
    registry,
    requestSeconds,
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
