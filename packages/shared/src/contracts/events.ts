import Joi from 'joi';
import type { Contract } from './contract.ts';
import { currency, id, instant, minor, timeZone } from './fields.ts';
import { type Terms, terms } from './terms.ts';

export const EVENT_STATUSES = [
  'draft',
  'published',
  'off_sale',
  'postponed',
  'rescheduled',
  'cancelled',
] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];

/** An event as it stands after the change. */
export type EventState = {
  eventId: string;
  venueId: string;
  /** The organizer's account; absent in messages of before it was told. */
  ownerId?: string;
  name: string;
  venueName: string;
  city: string;
  startsAt: string;
  timeZone: string;
  onSaleAt: string;
  status: EventStatus;
  currency: string;
  prices: { category: string; priceMinor: number }[];
  seatCount: number;
  /** The version of the venue's plan that its seats follow: after a change, read them anew. */
  planVersion?: number;
  /** What it asks besides the prices, and allows afterwards; absent where it has none. */
  terms?: Terms;
};

export type VenueState = {
  venueId: string;
  name: string;
  city: string;
  country: string;
  timeZone: string;
  seatCount: number;
};

const eventExample: EventState = {
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  venueId: '0198c9d4-0000-7000-8000-0000000000f1',
  name: 'Beethoven: the late quartets',
  venueName: 'Kammersaal am Fluss',
  city: 'Wien',
  startsAt: '2027-03-14T18:30:00.000Z',
  timeZone: 'Europe/Vienna',
  onSaleAt: '2026-12-01T09:00:00.000Z',
  status: 'published',
  currency: 'EUR',
  prices: [{ category: 'Stalls', priceMinor: 4800 }],
  seatCount: 248,
};

const eventSchema = Joi.object<EventState>({
  eventId: id().required(),
  venueId: id().required(),
  ownerId: id(),
  name: Joi.string().required(),
  venueName: Joi.string().required(),
  city: Joi.string().allow('').required(),
  startsAt: instant().required(),
  timeZone: timeZone().required(),
  onSaleAt: instant().required(),
  // A consumer has to bear a status that it does not know.
  status: Joi.string()
    .pattern(/^[a-z_]{1,40}$/)
    .description(`One of ${EVENT_STATUSES.join(', ')}; others may follow`)
    .required(),
  currency: currency().required(),
  prices: Joi.array()
    .items(Joi.object({ category: Joi.string().required(), priceMinor: minor().required() }))
    .required(),
  seatCount: Joi.number().integer().min(0).required(),
  planVersion: Joi.number().integer().min(1),
  terms: terms(),
});

const venueSchema = Joi.object<VenueState>({
  venueId: id().required(),
  name: Joi.string().required(),
  city: Joi.string().allow('').required(),
  country: Joi.string().allow('').required(),
  timeZone: timeZone().required(),
  seatCount: Joi.number().integer().min(0).required(),
});
const venueExample: VenueState = {
  venueId: '0198c9d4-0000-7000-8000-0000000000f1',
  name: 'Kammersaal am Fluss',
  city: 'Wien',
  country: 'AT',
  timeZone: 'Europe/Vienna',
  seatCount: 248,
};

function eventContract(
  type: string,
  summary: string,
  example = eventExample,
): Contract<EventState> {
  return {
    type,
    topic: 'catalog.events',
    producer: 'catalog',
    consumers: ['booking', 'notifications'],
    summary,
    schema: eventSchema,
    example,
  };
}

function venueContract(type: string, summary: string): Contract<VenueState> {
  return {
    type,
    topic: 'catalog.events',
    producer: 'catalog',
    consumers: [],
    summary,
    schema: venueSchema,
    example: venueExample,
  };
}

export const eventCreated = eventContract('event.created.v1', 'An event and its seats exist');
export const eventUpdated = eventContract('event.updated.v1', 'An event was changed');
export const eventCancelled = eventContract('event.cancelled.v1', 'An event will not take place', {
  ...eventExample,
  status: 'cancelled',
});
export const venueCreated = venueContract('venue.created.v1', 'A venue exists');
export const venueUpdated = venueContract('venue.updated.v1', 'A venue was changed');

export const EVENT_CONTRACTS = [eventCreated, eventUpdated, eventCancelled] as const;
export const VENUE_CONTRACTS = [venueCreated, venueUpdated] as const;
