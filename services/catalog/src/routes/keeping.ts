import type { Keep } from '@holdfast/shared/http/route.ts';
import { tagOf } from '../cache.ts';
import { nextTurnOf, type ShownStatus } from '../event-status.ts';
import { type showEvent, timesOf } from './views.ts';

/** Longest lives of kept answers; a change ends them at once, these are the safety net. */
const ON_SALE_MS = 5_000;
const UPCOMING_MS = 30_000;
const SOLD_OUT_MS = 60_000;
const VENUE_MS = 300_000;
const USUAL_MS: Readonly<Partial<Record<ShownStatus, number>>> = {
  published: UPCOMING_MS,
  rescheduled: UPCOMING_MS,
  sold_out: SOLD_OUT_MS,
};

export const keepEvents: Keep = { forMs: ON_SALE_MS, tags: [tagOf.events] };
export const keepVenues: Keep = { forMs: VENUE_MS, tags: [tagOf.venues] };
export const keepVenue = (venueId: string): Keep => ({
  forMs: VENUE_MS,
  tags: [tagOf.venue(venueId)],
});

/**
 * How long an event's answer may be kept: never beyond the instant at which its status turns by
 * itself, such as the opening of its sale.
 */
export function keepEvent(shown: ReturnType<typeof showEvent>, now: Date): Keep {
  const turnsAt = nextTurnOf(timesOf(shown), now);
  const usual = USUAL_MS[shown.shownStatus] ?? ON_SALE_MS;
  const forMs = turnsAt ? Math.min(turnsAt.getTime() - now.getTime(), usual) : usual;
  return {
    forMs,
    tags: [tagOf.event(shown.eventId)],
    ...(Object.keys(shown.translations).length > 0 && { vary: ['accept-language'] }),
  };
}

/** Hits tell what is left, which is counted once a second. */
export const keepHits: Keep = { forMs: 1_000, tags: [tagOf.events] };
