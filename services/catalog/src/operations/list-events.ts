import { describeError } from '@holdfast/shared/errors.ts';
import type { Event } from '../event.ts';
import { listingOf } from '../search/listing.ts';
import type { Listings, SeatCount } from '../stores/listings.ts';
import type { Vocabulary } from '../stores/vocabulary.ts';
import { type FollowStores, followVenue } from './follow-venue.ts';

export type ListingStores = FollowStores & {
  listings: Listings;
  vocabulary: Vocabulary;
  countSeats: (eventId: string) => Promise<SeatCount | undefined>;
  /** Hears of events that browsing clients should see anew. */
  turned: (eventId: string) => Promise<void>;
};

const BATCH = 100;

/**
 * Brings the listings of changed events up to date; how many. Each event's change says in the same
 * write that it is not listed yet, so none is forgotten whatever dies in between.
 */
export async function listEvents(
  stores: ListingStores,
  /** Hears of each that was listed: its stock follows from its status too. */
  listed: (eventId: string) => void,
): Promise<number> {
  let done = 0;
  for (const event of await stores.events.unlisted(BATCH)) {
    try {
      await listEvent(stores, event);
      listed(event._id);
      done += 1;
    } catch (error) {
      stores.log.warn('event.not_listed', { eventId: event._id, error: describeError(error) });
    }
  }
  return done;
}

async function listEvent(stores: ListingStores, found: Event): Promise<void> {
  const venue = await stores.venues.find(found.venueId);
  // The venue may have been changed while the event was being made.
  const event = (venue && (await followVenue(stores, found, venue))) ?? found;
  // Events of before they had a copy stand where their venue does.
  const face = listingOf(event, event.location ?? venue?.location);
  if (face.shown) await stores.vocabulary.learn(face);
  if (!(await stores.listings.show(face))) {
    const count = await stores.countSeats(event._id);
    if (count) await stores.listings.insert(face, count);
  }
  // Whoever changed it may have died before he said so.
  await stores.turned(event._id);
  await stores.events.setListed(event);
}
