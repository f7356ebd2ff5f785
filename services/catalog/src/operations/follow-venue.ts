import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '@holdfast/shared/clock.ts';
import { eventUpdated } from '@holdfast/shared/contracts/events.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { type Event, searchTextOf, type Venue, type VenueFace, venueFaceOf } from '../event.ts';
import { endOf } from '../event-status.ts';
import { historyEntry } from '../hold.ts';
import { eventMessage } from '../messages.ts';
import type { Events } from '../stores/events.ts';
import type { Venues } from '../stores/venues.ts';

export type FollowStores = {
  events: Events;
  venues: Venues;
  /** Sends the messages that the events' documents carry. */
  wake: () => void;
  log: Logger;
};

const BATCH = 100;

/**
 * Has events show their venues as they are now; how many were changed. A venue's change leaves a
 * mark in the same write, which goes once none of its events is behind, whatever dies in between.
 */
export async function followVenues(stores: FollowStores): Promise<number> {
  let done = 0;
  for (const venue of await stores.venues.unfollowed(BATCH)) {
    try {
      const behind = await stores.events.behindVenue(venue._id, venueFaceOf(venue), BATCH);
      let followed = 0;
      for (const event of behind) {
        if ((await followVenue(stores, event, venue)) !== null) followed += 1;
      }
      if (behind.length === 0) await stores.venues.setFollowed(venue);
      done += followed;
    } catch (error) {
      stores.log.warn('venue.not_followed', { venueId: venue._id, error: describeError(error) });
    }
  }
  return done;
}

/**
 * Has one event show its venue as it is; null where there is nothing to do, or not now: an edit of
 * its plan goes first. One that is over or cancelled keeps what it showed.
 */
export async function followVenue(
  stores: Pick<FollowStores, 'events' | 'wake'>,
  event: Event,
  venue: Venue,
): Promise<Event | null> {
  const now = systemClock.now();
  const isOver = event.status === 'cancelled' || endOf(event) <= now.getTime();
  const [before, face] = [shownOf(event), venueFaceOf(venue)];
  if (isOver || event.planEdit || isDeepStrictEqual(before, face)) return null;
  const after: Event = { ...event, ...face };
  const origin = systemOrigin('lister', venue._id);
  const version = event.version + 1;
  const changed = await stores.events.change(
    event,
    { ...face, searchText: searchTextOf(after) },
    {
      message: eventMessage(eventUpdated, after, { version, time: now, origin }),
      entry: historyEntry(now, origin, 'venue changed', before, face),
    },
  );
  if (changed !== null) stores.wake();
  return changed;
}

function shownOf({ venueName, city, country, timeZone, location = null }: Event): VenueFace {
  return { venueName, city, country, timeZone, location };
}
