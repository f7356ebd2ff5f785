import { createRequire } from 'node:module';
import { systemClock } from '../clock.ts';

type RequestQueue = {
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
};

/**
 * kafkajs 2.2.4 looks at each connection's queue again after `throttledUntil - now` milliseconds,
 * which is far below zero where nothing is throttled: a timer fires every millisecond for as long
 * as the connection lives. There is something to look at later only while requests wait or the
 * broker throttles.
 */
export function calmRequestQueues(): void {
  const { prototype } = createRequire(import.meta.url)(
    'kafkajs/src/network/requestQueue/index.js',
  ) as { prototype: RequestQueue };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleIfNeeded() {
    if (this.pending.length > 0 || this.throttledUntil > systemClock.now().getTime())
      schedule.call(this);
  };
}
