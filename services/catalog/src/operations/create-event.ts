import { systemClock } from '@holdfast/shared/clock.ts';
import { eventCreated } from '@holdfast/shared/contracts/events.ts';
import type { Terms } from '@holdfast/shared/contracts/terms.ts';
import { describeError, Fault, isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint, newId } from '@holdfast/shared/ids.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { type Origin, systemOrigin } from '@holdfast/shared/origin.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import {
  type Caps,
  checkCaps,
  checkPrices,
  checkSale,
  type Event,
  type Image,
  type Price,
  searchTextOf,
  venueFaceOf,
} from '../event.ts';
import { historyEntry } from '../hold.ts';
import type { Translations } from '../languages.ts';
import { eventMessage } from '../messages.ts';
import type { SeatPolicy } from '../seating/seat-policy.ts';
import type { Artists } from '../stores/artists.ts';
import type { Events } from '../stores/events.ts';
import type { Plans } from '../stores/plans.ts';
import type { SeatEdits } from '../stores/seat-edits.ts';
import type { Seats } from '../stores/seats.ts';
import type { Venues } from '../stores/venues.ts';
import { checkTicketTypes, readTicketTypes, type TicketTypeInput } from '../ticket-types.ts';
import { nameArtists } from './keep-artist.ts';
import { refuseStranger } from './ownership.ts';
import { refuseReusedKey } from './refusals.ts';

export type EventInput = {
  venueId: string;
  name: string;
  description: string;
  artists: string[];
  artistIds?: string[];
  seriesId?: string;
  category: string;
  startsAt: string;
  endsAt?: string | null;
  onSaleAt: string;
  offSaleAt?: string | null;
  images?: Image[];
  language?: string;
  translations?: Translations;
  prices: Price[];
  ticketTypes?: TicketTypeInput[];
  currency: string;
  terms?: Terms;
  tags: string[];
  metadata: Record<string, string | number | boolean>;
  maxPerUser?: number;
  maxPerOrder?: number;
  seatPolicy?: SeatPolicy;
  status: 'draft' | 'published';
};

export type EventStores = {
  venues: Venues;
  plans: Plans;
  artists: Artists;
  events: Events;
  seats: Seats;
  seatEdits: SeatEdits;
  limits: Caps;
  wake: () => void;
  log: Logger;
};

const SEATS_A_WRITE = 2_000;

/**
 * Creates an event with a seat document for each seat of its venue's plan. The event comes
 * first and is not ready; its seats follow in bulk; then it opens. A repeat under the same key
 * goes on where the first try broke off, and so does the sweeper.
 */
export async function createEvent(
  stores: EventStores,
  command: { input: EventInput; owner: Actor; idempotencyKey: string | undefined; origin: Origin },
): Promise<Event | Refusal> {
  const event = await draftEvent(stores, command);
  if (isRefusal(event)) return event;
  if (await stores.events.insert(event)) return completeEvent(stores, event, command.origin);
  const stored = await stores.events.findWhole(event._id);
  if (stored?.fingerprint !== event.fingerprint) {
    return refuseReusedKey('made another event');
  }
  return stored.ready ? stored : completeEvent(stores, stored, command.origin);
}

async function draftEvent(
  stores: EventStores,
  command: { input: EventInput; owner: Actor; idempotencyKey: string | undefined; origin: Origin },
): Promise<Event | Refusal> {
  const { input, owner, origin } = command;
  const venue = await stores.venues.find(input.venueId);
  if (venue === undefined) return refused('venue_not_found', `No venue ${input.venueId}.`);
  const times = readTimes(input);
  const ticketTypes = readTicketTypes(input.ticketTypes ?? []);
  const refusal =
    refuseStranger(venue, owner) ??
    checkSale({ ...input, ...times }) ??
    checkCaps(input, stores.limits) ??
    checkPrices(input.prices, venue.categories, input.currency) ??
    checkTicketTypes(ticketTypes, venue.categories, input.currency);
  if (refusal) return refusal;
  const { artistIds = [] } = input;
  const artists = await nameArtists(stores.artists, artistIds, input.artists);
  if (isRefusal(artists)) return artists;
  const now = systemClock.now();
  return {
    _id:
      command.idempotencyKey === undefined
        ? newId()
        : derivedId('event', owner.userId, command.idempotencyKey),
    ownerId: owner.userId,
    fingerprint: fingerprint(input),
    ...input,
    ...times,
    artists,
    artistIds,
    seriesId: input.seriesId ?? null,
    images: input.images ?? [],
    language: input.language ?? null,
    translations: input.translations ?? {},
    ticketTypes,
    terms: input.terms ?? null,
    ...venueFaceOf(venue),
    planVersion: venue.planVersion,
    categories: venue.categories,
    maxPerUser: input.maxPerUser ?? null,
    maxPerOrder: input.maxPerOrder ?? null,
    seatPolicy: input.seatPolicy ?? null,
    ready: false,
    seatCount: venue.seatCount,
    searchText: searchTextOf({ ...input, artists, venueName: venue.name }),
    version: 1,
    createdAt: now,
    history: [historyEntry(now, origin, 'created', null, { status: input.status })],
    outbox: [],
  };
}

/** The instants of an event; a sale without an end of its own ends with the event. */
function readTimes(input: EventInput) {
  const instant = (text: string | null | undefined) => (text ? new Date(text) : null);
  const endsAt = instant(input.endsAt);
  return {
    startsAt: new Date(input.startsAt),
    endsAt,
    onSaleAt: new Date(input.onSaleAt),
    offSaleAt: instant(input.offSaleAt) ?? endsAt,
  };
}

/** Creates what is missing of an event's seats and opens it. */
export async function completeEvent(
  stores: EventStores,
  event: Event,
  origin: Origin,
): Promise<Event> {
  const plan = await stores.plans.find(event.venueId, event.planVersion);
  if (plan === null) {
    throw new Fault('plan_missing', `Plan ${event.venueId}:${event.planVersion} is not there`, {
      retryable: false,
    });
  }
  for (let done = 0; done < plan.seats.length; done += SEATS_A_WRITE) {
    await stores.seats.create(event._id, plan.seats.slice(done, done + SEATS_A_WRITE));
    stores.log.debug('event.seats_created', { eventId: event._id, done });
  }
  const now = systemClock.now();
  const completed = await stores.events.complete(event, {
    message: eventMessage(eventCreated, event, { version: event.version + 1, time: now, origin }),
    entry: historyEntry(now, origin, 'seats complete', { ready: false }, { ready: true }),
  });
  stores.wake();
  return completed ?? (await stores.events.findWhole(event._id)) ?? event;
}

/** Completes events whose creation broke off; how many. */
export async function completeEvents(stores: EventStores, ageMs: number): Promise<number> {
  let completed = 0;
  for (const event of await stores.events.incomplete(ageMs, 10)) {
    try {
      await completeEvent(stores, event, systemOrigin('sweeper', event._id));
      completed += 1;
    } catch (error) {
      // One that can not be completed must not keep the others from it.
      stores.log.warn('event.not_completed', { eventId: event._id, error: describeError(error) });
    }
  }
  return completed;
}
