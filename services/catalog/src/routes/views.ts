import type { Event, Venue } from '../event.ts';
import { type Hold, shownStatus } from '../hold.ts';
import { DEFAULT_POLICY } from '../seat-policy.ts';

/** What anyone may see of a venue. */
export function viewVenue(venue: Venue) {
  return {
    venueId: venue._id,
    name: venue.name,
    address: venue.address,
    city: venue.city,
    country: venue.country,
    timeZone: venue.timeZone,
    ...(venue.location && { location: venue.location }),
    amenities: venue.amenities,
    rules: venue.rules,
    seatCount: venue.seatCount,
    categories: venue.categories,
    planVersion: venue.planVersion,
    version: venue.version,
  };
}
export type VenueView = ReturnType<typeof viewVenue>;

export function viewEvent(event: Event) {
  return {
    eventId: event._id,
    venueId: event.venueId,
    venueName: event.venueName,
    city: event.city,
    country: event.country,
    timeZone: event.timeZone,
    name: event.name,
    description: event.description,
    artists: event.artists,
    category: event.category,
    startsAt: event.startsAt.toISOString(),
    onSaleAt: event.onSaleAt.toISOString(),
    prices: event.prices,
    currency: event.currency,
    tags: event.tags,
    metadata: event.metadata,
    ...(event.maxPerUser && { maxPerUser: event.maxPerUser }),
    ...(event.maxPerOrder && { maxPerOrder: event.maxPerOrder }),
    seatPolicy: event.seatPolicy ?? DEFAULT_POLICY,
    status: event.status,
    ready: event.ready,
    seatCount: event.seatCount,
    planVersion: event.planVersion,
    version: event.version,
  };
}
export type EventView = ReturnType<typeof viewEvent>;

/** What its owner sees of a hold. */
export function viewHold(hold: Hold, now: Date) {
  return {
    holdId: hold._id,
    eventId: hold.eventId,
    status: shownStatus(hold, now),
    seats: hold.seats,
    currency: hold.currency,
    totalMinor: hold.totalMinor,
    expiresAt: hold.expiresAt.toISOString(),
    createdAt: hold.takenAt.toISOString(),
    ...(hold.reasons && { reasons: hold.reasons }),
  };
}
