import type { Keep } from '@holdfast/shared/http/route.ts';
import { tagOf } from '../cache.ts';
import { nextTurnOf, type ShownStatus } from '../event-status.ts';
import { stampOf } from '../search/listing.ts';
import { type showEvent, timesOf } from './views.ts';

/** Longest lives of kept answers; a change ends them at once, these are the safety net. */
const ON_SALE_MS = 5_000;
const UPCOMING_MS = 30_000;
const SOLD_OUT_MS = 60_000;
/** Hits tell what is left, which is counted once a second. */
const HITS_MS = 1_000;
const VENUE_MS = 300_000;
/** An answer that the store keeps confirming is made anew all the same after this time. */
const RENEWED_MS = 600_000;
const USUAL_MS: Readonly<Partial<Record<ShownStatus, number>>> = {
  published: UPCOMING_MS,
  rescheduled: UPCOMING_MS,
  sold_out: SOLD_OUT_MS,
};

/** A list ends with a change of any event in it, and when one may come into it or go. */
export const keepEvents = (events: readonly { eventId: string }[]): Keep => ({
  forMs: ON_SALE_MS,
  tags: [tagOf.events, ...events.map(({ eventId }) => tagOf.event(eventId))],
});
export const keepVenues: Keep = { forMs: VENUE_MS, tags: [tagOf.venues] };
export const keepVenue = (venueId: string): Keep => ({
  forMs: VENUE_MS,
  tags: [tagOf.venue(venueId)],
});

/**
 * How long an event's answer may be kept: never beyond the instant at which its status turns by
 * itself, such as the opening of its sale.
 */
export function keepEvent(
  shown: ReturnType<typeof showEvent>,
  now: Date,
  left: number | undefined,
): Keep {
  const turnsAt = nextTurnOf(timesOf(shown), now);
  const usual = USUAL_MS[shown.shownStatus] ?? ON_SALE_MS;
  const atMostMs = Math.min((turnsAt?.getTime() ?? Infinity) - now.getTime(), RENEWED_MS);
  return {
    forMs: Math.min(atMostMs, usual),
    stamp: { of: shown.eventId, value: stampOf(shown.version, left), atMostMs },
    tags: [tagOf.event(shown.eventId)],
    ...(Object.keys(shown.translations).length > 0 && { vary: ['accept-language'] }),
  };
}

export const keepHits = (events: readonly { eventId: string }[]): Keep => ({
  ...keepEvents(events),
  forMs: HITS_MS,
});
