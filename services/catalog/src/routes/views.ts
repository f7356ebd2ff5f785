import { type Caps, capsOf, type Event, type Venue } from '../event.ts';
import { shownStatusOf } from '../event-status.ts';
import { type Hold, shownStatus } from '../hold.ts';
import { localTimeOf } from '../search/when.ts';
import { DEFAULT_POLICY } from '../seating/seat-policy.ts';
import { viewTicketTypes } from '../ticket-types.ts';

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

/** What anyone may see of an event; its caps are those that holds are judged by. */
export function viewEvent(event: Event, caps: Caps) {
  return {
    eventId: event._id,
    venueId: event.venueId,
    venueName: event.venueName,
    city: event.city,
    country: event.country,
    timeZone: event.timeZone,
    ...(event.location && { location: event.location }),
    name: event.name,
    description: event.description,
    artists: event.artists,
    artistIds: event.artistIds ?? [],
    ...(event.seriesId && { seriesId: event.seriesId }),
    category: event.category,
    startsAt: event.startsAt.toISOString(),
    startsAtLocal: localTimeOf(event.startsAt, event.timeZone),
    ...(event.endsAt && { endsAt: event.endsAt.toISOString() }),
    onSaleAt: event.onSaleAt.toISOString(),
    ...(event.offSaleAt && { offSaleAt: event.offSaleAt.toISOString() }),
    images: event.images ?? [],
    ...(event.language && { language: event.language }),
    translations: event.translations ?? {},
    prices: event.prices,
    ...(event.ticketTypes?.length && { ticketTypes: viewTicketTypes(event) }),
    currency: event.currency,
    ...(event.terms && { terms: event.terms }),
    tags: event.tags,
    metadata: event.metadata,
    ...capsOf(event, caps),
    seatPolicy: event.seatPolicy ?? DEFAULT_POLICY,
    status: event.status,
    ready: event.ready,
    seatCount: event.seatCount,
    planVersion: event.planVersion,
    version: event.version,
  };
}
export type EventView = ReturnType<typeof viewEvent>;

/** An event as it is shown at an instant, in a language of its texts or as it was written. */
export function showEvent(
  view: EventView,
  now: Date,
  { left, language }: { left?: number | undefined; language?: string | undefined } = {},
) {
  const { name, description } = (language && view.translations[language]) || {};
  return {
    ...view,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(language !== undefined && { language }),
    shownStatus: shownStatusOf(timesOf(view), now, left),
  };
}

/** The instants of a view, which carries them as text. */
export function timesOf({ status, startsAt, endsAt, onSaleAt, offSaleAt }: Timed) {
  return {
    status,
    startsAt: new Date(startsAt),
    endsAt: endsAt ? new Date(endsAt) : null,
    onSaleAt: new Date(onSaleAt),
    offSaleAt: offSaleAt ? new Date(offSaleAt) : null,
  };
}
type Timed = Pick<EventView, 'status' | 'startsAt' | 'onSaleAt'> & {
  endsAt?: string;
  offSaleAt?: string;
};

/** What its owner sees of a hold. */
export function viewHold(hold: Hold, now: Date) {
  return {
    holdId: hold._id,
    eventId: hold.eventId,
    status: shownStatus(hold, now),
    seats: hold.seats,
    currency: hold.currency,
    totalMinor: hold.totalMinor,
    ...(hold.terms && { terms: hold.terms }),
    expiresAt: hold.expiresAt.toISOString(),
    createdAt: hold.takenAt.toISOString(),
    ...(hold.reasons && { reasons: hold.reasons }),
  };
}
