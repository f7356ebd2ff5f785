import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '@holdfast/stack/progress.ts';
import type { EventFile, VenueFile } from '../plans/catalog-schema.ts';
import { type Api, expectSuccess } from './api.ts';

const FOLDER = new URL('../catalog', import.meta.url).pathname;

export type LoadedEvent = { eventId: string; name: string; seatCount: number };
export type LoadedCatalog = {
  venues: number;
  events: number;
  seats: number;
  largest: number;
  hot: LoadedEvent;
};

/** Loads the venues and the programme of demo/catalog over HTTP, as an organizer would. */
export async function loadCatalog(
  api: Api,
  token: string,
  progress: Progress,
): Promise<LoadedCatalog> {
  const { events } = readJson<{ events: EventFile[] }>('programme.json');
  const slugs = [...new Set(events.map((event) => event.venue))];
  const step = progress.step('Loading the catalog');
  const venues = new Map<string, { id: string; file: VenueFile }>();
  for (const slug of slugs) {
    step.update(`venue ${venues.size + 1} of ${slugs.length}`);
    const file = readJson<VenueFile>(`${slug}/venue.json`);
    venues.set(slug, { id: await loadVenue(api, token, slug, file), file });
  }
  let seats = 0;
  let hot: LoadedEvent | undefined;
  for (const [index, event] of events.entries()) {
    step.update(
      `event ${index + 1} of ${events.length}, ${seats.toLocaleString('en')} seats so far`,
    );
    const venue = venues.get(event.venue);
    if (venue === undefined)
      throw new Error(`The programme names the venue ${event.venue}, which has no file`);
    const eventId = await loadEvent(api, token, venue.id, event);
    seats += venue.file.seatCount;
    if (event.hot) hot = { eventId, name: event.name, seatCount: venue.file.seatCount };
  }
  if (hot === undefined) throw new Error('The programme has no hot event');
  const largest = Math.max(...[...venues.values()].map(({ file }) => file.seatCount));
  step.done(
    `${events.length} events in ${venues.size} venues, ${seats.toLocaleString('en')} seats`,
  );
  return { venues: venues.size, events: events.length, seats, largest, hot };
}

async function loadVenue(api: Api, token: string, slug: string, file: VenueFile): Promise<string> {
  const { name, address, city, country, timeZone, amenities, rules, latitude, longitude } = file;
  const body = {
    ...{ name, address, city, country, timeZone, amenities, rules },
    location: { latitude, longitude },
    plan: { pretix: readJson(`${slug}/plan.json`), categoryFlags: file.categoryFlags },
  };
  const answer = await api.post<{ venue: { venueId: string } }>('/api/venues', body, {
    token,
    key: `demo-venue-${slug}`,
  });
  return expectSuccess(`The venue ${file.name}`, answer).venue.venueId;
}

/** An event is made as written; the hot one goes on sale later, when the buyers are ready. */
async function loadEvent(
  api: Api,
  token: string,
  venueId: string,
  file: EventFile,
): Promise<string> {
  const { venue, hot, timeZone: _zone, ...facts } = file;
  const body = { ...facts, venueId, status: 'published' };
  const key = `demo-event-${venue}-${file.startsAt}`;
  const answer = await api.post<{ event: { eventId: string } }>('/api/events', body, {
    token,
    key,
  });
  return expectSuccess(`The event ${file.name}`, answer).event.eventId;
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(FOLDER, path), 'utf8')) as T;
}
