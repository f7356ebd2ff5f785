import type { Keep } from '@holdfast/shared/http/route.ts';
import { tagOf } from '../cache.ts';
import type { EventView } from './views.ts';

/** Longest lives of kept answers; a change ends them at once, these are the safety net. */
const ON_SALE_MS = 5_000;
const UPCOMING_MS = 30_000;
const VENUE_MS = 300_000;

export const keepEvents: Keep = { forMs: ON_SALE_MS, tags: [tagOf.events] };
export const keepVenues: Keep = { forMs: VENUE_MS, tags: [tagOf.venues] };
export const keepVenue = (venueId: string): Keep => ({
  forMs: VENUE_MS,
  tags: [tagOf.venue(venueId)],
});

/** How long an event's answer may be kept: never beyond the instant at which its sale opens. */
export function keepEvent(event: Pick<EventView, 'eventId' | 'onSaleAt'>, now: Date): Keep {
  const opensInMs = new Date(event.onSaleAt).getTime() - now.getTime();
  const forMs = opensInMs > 0 ? Math.min(opensInMs, UPCOMING_MS) : ON_SALE_MS;
  return { forMs, tags: [tagOf.event(event.eventId)] };
}
/** Hits tell what is left, which is counted once a second. */
export const keepHits: Keep = { forMs: 1_000, tags: [tagOf.events] };
