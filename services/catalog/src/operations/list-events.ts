import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import type { Event } from '../event.ts';
import { listingOf } from '../search/listing.ts';
import type { Events } from '../stores/events.ts';
import type { Listings, SeatCount } from '../stores/listings.ts';
import type { Venues } from '../stores/venues.ts';
import type { Vocabulary } from '../stores/vocabulary.ts';

export type ListingStores = {
  events: Events;
  venues: Venues;
  listings: Listings;
  vocabulary: Vocabulary;
  countSeats: (eventId: string) => Promise<SeatCount | undefined>;
  /** Hears of events that browsing clients should see anew. */
  turned: (eventId: string) => Promise<void>;
  log: Logger;
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

async function listEvent(stores: ListingStores, event: Event): Promise<void> {
  const venue = await stores.venues.find(event.venueId);
  const face = listingOf(event, venue?.location);
  if (face.shown) await stores.vocabulary.learn(face);
  if (!(await stores.listings.show(face))) {
    const count = await stores.countSeats(event._id);
    if (count) await stores.listings.insert(face, count);
  }
  // Whoever changed it may have died before he said so.
  await stores.turned(event._id);
  await stores.events.setListed(event);
}
