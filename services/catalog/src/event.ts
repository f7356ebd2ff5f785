import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { EventStatus } from '@holdfast/shared/contracts/events.ts';
import type { OfferSeat } from '@holdfast/shared/contracts/offer.ts';
import type { CancellationStep, Terms } from '@holdfast/shared/contracts/terms.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { HistoryEntry } from './hold.ts';
import type { Translations } from './languages.ts';
import type { PlanEdit } from './plans/plan-edit.ts';
import type { SeatFace } from './seat.ts';
import type { SeatPolicy } from './seating/seat-policy.ts';
import { findOddPrice, priceOf, type TicketType, type TypesOfSeats } from './ticket-types.ts';

/** A picture of an event; its ratio is width to height, such as 16:9. */
export type Image = { url: string; alt: string; ratio: string };

export type Price = { category: string; priceMinor: number };

export type Venue = {
  _id: string;
  ownerId: string;
  fingerprint: string;
  name: string;
  address: string;
  city: string;
  country: string;
  timeZone: string;
  location?: { latitude: number; longitude: number };
  amenities: string[];
  rules: string[];
  planVersion: number;
  seatCount: number;
  categories: string[];
  version: number;
  createdAt: Date;
  /** Whether its events have yet to show it as it is. */
  unfollowed?: boolean;
  history: HistoryEntry[];
  outbox: Message[];
};

/** What an event shows of its venue: copies, which follow the venue until the event is over. */
export type VenueFace = {
  venueName: string;
  city: string;
  country: string;
  timeZone: string;
  location?: Venue['location'] | null;
};

export type Event = VenueFace & {
  _id: string;
  ownerId: string;
  fingerprint: string;
  venueId: string;
  planVersion: number;
  categories: string[];
  name: string;
  description: string;
  artists: string[];
  artistIds?: string[];
  seriesId?: string | null;
  category: string;
  startsAt: Date;
  endsAt?: Date | null;
  /** The window of the sale, by the store's clock; without an end it stays open. */
  onSaleAt: Date;
  offSaleAt?: Date | null;
  images?: Image[];
  /** Language of its own texts, if it was said. */
  language?: string | null;
  translations?: Translations;
  prices: Price[];
  /** Kinds of tickets, for each of which a seat has its own price; none is one kind. */
  ticketTypes?: TicketType[];
  currency: string;
  /** What it asks besides the prices, and allows afterwards. */
  terms?: Terms | null;
  tags: string[];
  metadata: Record<string, string | number | boolean>;
  maxPerUser?: number | null;
  /** Most seats of one hold, within the service's own limit. */
  maxPerOrder?: number | null;
  seatPolicy?: SeatPolicy | null;
  status: EventStatus;
  /** False until every seat is there; nothing is for sale before. */
  ready: boolean;
  /** Whether the search has yet to see it as it is. */
  unlisted?: boolean;
  seatCount: number;
  /** Its way to another plan, while it is on it. */
  planEdit?: PlanEdit | null;
  /** The highest version that a seat dropped by an edit had. */
  seatFloor?: number;
  /** Lower-case text that the search looks in. */
  searchText: string;
  version: number;
  createdAt: Date;
  history: HistoryEntry[];
  outbox: Message[];
};

/** What of an event its seats are sold by, without its texts and its trace. */
export const SOLD_BY = [
  '_id',
  'version',
  'status',
  'ready',
  'name',
  'venueName',
  'timeZone',
  'startsAt',
  'endsAt',
  'onSaleAt',
  'offSaleAt',
  'planVersion',
  'prices',
  'ticketTypes',
  'currency',
  'terms',
  'maxPerUser',
  'maxPerOrder',
  'seatPolicy',
] as const satisfies readonly (keyof Event)[];
export type SoldEvent = Pick<Event, (typeof SOLD_BY)[number]>;

export function venueFaceOf(venue: Venue): VenueFace {
  const { name: venueName, city, country, timeZone, location = null } = venue;
  return { venueName, city, country, timeZone, location };
}

/** The service's own caps: most seats of one hold, and of an account where an event names nothing. */
export type Caps = { seatsPerHold: number; seatsPerUser: number };

/** What a buyer can really take of an event: in one order, and in all. */
export function capsOf(
  { maxPerOrder, maxPerUser }: Pick<Event, 'maxPerOrder' | 'maxPerUser'>,
  caps: Caps,
): { maxPerOrder: number; maxPerUser: number } {
  const ofUser = maxPerUser ?? caps.seatsPerUser;
  const ofOrder = Math.min(maxPerOrder ?? caps.seatsPerHold, caps.seatsPerHold, ofUser);
  return { maxPerOrder: ofOrder, maxPerUser: ofUser };
}

/** A cap of orders above the service's would never be reached, and mislead whoever reads it. */
export function checkCaps(
  input: { maxPerOrder?: number; ticketTypes?: readonly { maxPerOrder?: number }[] },
  { seatsPerHold }: Caps,
): Refusal | undefined {
  const named = [input, ...(input.ticketTypes ?? [])].map((one) => one.maxPerOrder ?? 0);
  const most = Math.max(...named);
  if (most <= seatsPerHold) return undefined;
  return refused(
    'invalid_request',
    `One hold takes ${seatsPerHold} seats at most here, so maxPerOrder can not be ${most}: name 1 to ` +
      `${seatsPerHold}, or leave it out. Whoever runs the service can raise MAX_SEATS_PER_HOLD.`,
  );
}

/** Whether the event has a price for each of the seats: a plan edit may have come in between. */
export function isPriced(event: SoldEvent, seats: readonly SeatFace[]): boolean {
  return seats.every((seat) => event.prices.some((price) => price.category === seat.category));
}

/** What seats cost at the event's prices of now, each as its type, in the order of the plan. */
export function priceSeats(
  event: SoldEvent,
  seats: readonly SeatFace[],
  types?: TypesOfSeats,
): OfferSeat[] {
  return seats
    .toSorted((a, b) => a.order - b.order)
    .map(({ seatId, label, section, row, number, category }) => {
      const type = types?.get(seatId);
      const priceMinor = priceOf(event, category, type);
      if (priceMinor === undefined) throw new Error(`Category ${category} has no price`);
      const ticketType = type && { ticketType: { id: type.id, name: type.name } };
      return { seatId, label, section, row, number, category, ...ticketType, priceMinor };
    });
}

/** Prices must name each category of the plan once, and no other, and be such as can be charged. */
export function checkPrices(
  prices: readonly Price[],
  categories: readonly string[],
  currency: string,
): Refusal | undefined {
  const priced = new Set(prices.map((price) => price.category));
  const missing = categories.filter((category) => !priced.has(category));
  if (missing.length > 0) {
    return refused(
      'prices_incomplete',
      `Set a price for each category of the plan; these have none: ${missing.join(', ')}.`,
      { categories: missing },
    );
  }
  const unknown = prices.filter((price) => !categories.includes(price.category));
  if (unknown.length > 0 || priced.size !== prices.length) {
    const names = unknown.map((price) => price.category);
    return refused(
      'prices_incomplete',
      names.length > 0
        ? `The plan has no category ${names.join(', ')}.`
        : 'Set one price for each category; one is there twice.',
      { categories: names },
    );
  }
  const odd = findOddPrice(prices, currency);
  return odd === undefined ? undefined : refused('invalid_request', odd);
}

/** Checks instants, currency and terms beyond what a schema can say. */
export function checkSale(sale: {
  startsAt: Date;
  endsAt?: Date | null;
  onSaleAt: Date;
  offSaleAt?: Date | null;
  currency: string;
  terms?: Terms | null;
}): Refusal | undefined {
  const { startsAt, endsAt, onSaleAt, offSaleAt } = sale;
  if (![startsAt, onSaleAt, endsAt ?? startsAt, offSaleAt ?? onSaleAt].every(isTellable)) {
    return refused(
      'invalid_request',
      'startsAt, endsAt, onSaleAt and offSaleAt must lie in the years 1970 to 9999.',
    );
  }
  if (onSaleAt > startsAt) {
    return refused('invalid_request', 'The sale must open before the event starts.');
  }
  if (offSaleAt && offSaleAt <= onSaleAt) {
    return refused('invalid_request', 'The sale must end after it opens.');
  }
  if (endsAt && endsAt <= startsAt) {
    return refused('invalid_request', 'The event must end after it starts.');
  }
  if (!Intl.supportedValuesOf('currency').includes(sale.currency)) {
    return refused('invalid_request', `${sale.currency} is not an ISO 4217 currency.`);
  }
  const steps = sale.terms?.cancellation ?? [];
  const isAfter = (step: CancellationStep, before: CancellationStep | undefined) =>
    before === undefined || step.untilHoursBeforeStart < before.untilHoursBeforeStart;
  if (!steps.every((step, index) => isAfter(step, steps[index - 1]))) {
    return refused(
      'invalid_request',
      'Each step of terms.cancellation must end later than the one before it: name falling untilHoursBeforeStart.',
    );
  }
  return undefined;
}

/** Whether messages and other stores can carry the instant: beyond these years its text changes. */
function isTellable(instant: Date): boolean {
  return instant.getTime() >= 0 && instant.getTime() < Date.UTC(10_000, 0, 1);
}

/** Whether the name is a time zone of the IANA database. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

export function searchTextOf(
  event: Pick<Event, 'name' | 'artists' | 'tags' | 'venueName'>,
): string {
  return [event.name, ...event.artists, ...event.tags, event.venueName].join('\n').toLowerCase();
}
