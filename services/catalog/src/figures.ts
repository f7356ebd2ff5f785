import { createMetrics, type Metrics } from '@holdfast/shared/metrics.ts';
import { Histogram } from 'prom-client';

/** The catalog's own figures, beside those every service has. */
export function createFigures(outboxWaiting: () => Promise<number>) {
  const metrics: Metrics = createMetrics('catalog');
  metrics.gauge('holdfast_outbox_waiting', 'Messages that wait to be published', outboxWaiting);
  return {
    metrics,
    holds: metrics.counter('holdfast_holds_total', 'Holds taken and refused, by code', ['outcome']),
    seatsHeld: metrics.counter('holdfast_seats_held_total', 'Seats taken by holds'),
    seatsSold: metrics.counter('holdfast_seats_sold_total', 'Seats marked sold'),
    ended: metrics.counter('holdfast_holds_ended_total', 'Holds by the state they reached', [
      'state',
    ]),
    commands: metrics.counter(
      'holdfast_pin_commands_total',
      "Booking's commands by kind and what came of them",
      ['command', 'outcome'],
    ),
    holdSeconds: new Histogram({
      name: 'holdfast_hold_seconds',
      help: 'Duration of taking seats, by outcome',
      labelNames: ['outcome'] as const,
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers: [metrics.registry],
    }),
  };
}

export type Figures = ReturnType<typeof createFigures>;
