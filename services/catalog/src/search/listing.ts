import type { Event, Image } from '../event.ts';
import { SELLING, STANDING } from '../event-status.ts';
import { fold, wordsOf } from './words.ts';

/** How much is left, in the words that shops of tickets use. */
export const STOCKS = ['TICKETS_AVAILABLE', 'FEW_TICKETS_LEFT', 'TICKETS_NOT_AVAILABLE'] as const;
export type Stock = (typeof STOCKS)[number];

/** The ends of the classes of prices, in minor units; the last class has no upper one. */
export const PRICE_ENDS = [2_000, 5_000, 10_000, 20_000] as const;

export type CategoryCount = { category: string; left: number; held: number; sold: number };

/** The seats of an event at an instant of the store's clock; a hold that ran out is left. */
export type SeatCounts = {
  left: number;
  held: number;
  /** Sold, or being paid. */
  sold: number;
  byCategory: CategoryCount[];
};

/**
 * What browsing clients see of an event, and what they find it by. It follows the event and its
 * seats and decides nothing.
 */
export type Listing = SeatCounts & {
  /** The event's id. */
  _id: string;
  /** The version of the event that it shows. */
  version: number;
  /** Whether anyone may see it: not a draft, and not cancelled. */
  shown: boolean;
  name: string;
  artists: string[];
  artistIds: string[];
  seriesId: string | null;
  category: string;
  tags: string[];
  venueId: string;
  venueName: string;
  city: string;
  country: string;
  timeZone: string;
  /** Where the venue stands, as GeoJSON. */
  place?: { type: 'Point'; coordinates: [longitude: number, latitude: number] };
  startsAt: Date;
  endsAt: Date | null;
  onSaleAt: Date;
  offSaleAt: Date | null;
  image: Image | null;
  status: Event['status'];
  currency: string;
  priceFromMinor: number;
  priceToMinor: number;
  /** Each of its prices once, and the classes that some of them lie in. */
  pricesMinor: number[];
  priceClasses: string[];
  /** What it is narrowed down by, folded: who asks for "wien" means Wien. */
  folded: { category: string; city: string; country: string; tags: string[]; artists: string[] };
  seatCount: number;
  /** Every word that finds it, and those of its name and artists, which weigh more. */
  words: string[];
  strong: string[];
  /** By its seats and status; see `stockAt`. */
  stock: Stock;
  /** When the seats were counted, by the store's clock. */
  asOf: Date;
  /** See `heated`. */
  popularity: number;
};

/** What of a listing comes from the event; the rest is counted. */
export type ListingFace = Omit<Listing, keyof SeatCounts | 'stock' | 'asOf' | 'popularity'>;

/** Descriptions may be long: of them this many words are enough to be found by. */
const MOST_WORDS = 150;
const FEW_PART = 0.1;
const FEW_SEATS = 5;
const HALF_LIFE_MS = 6 * 3_600_000;

export function listingOf(
  event: Event,
  location: { latitude: number; longitude: number } | undefined,
): ListingFace {
  const strong = wordsOf([event.name, ...event.artists, ...translatedNames(event)].join(' '));
  const rest = [
    ...event.tags,
    event.venueName,
    event.city,
    event.category,
    event.description,
    ...Object.values(event.translations ?? {}).map((one) => one.description ?? ''),
  ];
  const words = [...new Set([...strong, ...wordsOf(rest.join(' '))])].slice(0, MOST_WORDS);
  const prices = [...new Set(event.prices.map((price) => price.priceMinor))];
  return {
    _id: event._id,
    version: event.version,
    shown: event.ready && STANDING.includes(event.status),
    name: event.name,
    artists: event.artists,
    artistIds: event.artistIds ?? [],
    seriesId: event.seriesId ?? null,
    category: event.category,
    tags: event.tags,
    venueId: event.venueId,
    venueName: event.venueName,
    city: event.city,
    country: event.country,
    timeZone: event.timeZone,
    ...(location && {
      place: { type: 'Point', coordinates: [location.longitude, location.latitude] },
    }),
    startsAt: event.startsAt,
    endsAt: event.endsAt ?? null,
    onSaleAt: event.onSaleAt,
    offSaleAt: event.offSaleAt ?? null,
    image: event.images?.[0] ?? null,
    status: event.status,
    currency: event.currency,
    priceFromMinor: Math.min(...prices),
    priceToMinor: Math.max(...prices),
    pricesMinor: prices,
    priceClasses: priceClassesOf(prices),
    folded: {
      category: fold(event.category),
      city: fold(event.city),
      country: fold(event.country),
      tags: event.tags.map(fold),
      artists: event.artists.map(fold),
    },
    seatCount: event.seatCount,
    words,
    strong,
  };
}

/** Both ends of a class belong to it, as they do to the range of prices that a search names. */
export function priceClassesOf(prices: readonly number[]): string[] {
  return [0, ...PRICE_ENDS].flatMap((from, at) => {
    const to = PRICE_ENDS[at];
    const isIn = prices.some((price) => price >= from && (to === undefined || price <= to));
    return isIn ? [`${from}-${to ?? ''}`] : [];
  });
}

function translatedNames({ translations = {} }: Pick<Event, 'translations'>): string[] {
  return Object.values(translations).flatMap(({ name }) => name ?? []);
}

/** Few are a tenth of the seats, or five; of an event that is not sold there is nothing. */
export function stockOf(
  left: number,
  { seatCount, status }: Pick<Event, 'seatCount' | 'status'>,
): Stock {
  if (left <= 0 || !SELLING.includes(status)) return 'TICKETS_NOT_AVAILABLE';
  return left <= Math.max(FEW_SEATS, seatCount * FEW_PART)
    ? 'FEW_TICKETS_LEFT'
    : 'TICKETS_AVAILABLE';
}

/** What can be had at an instant: nothing before the sale opens or once it is over. */
export function stockAt(
  { stock, onSaleAt, offSaleAt }: Pick<Listing, 'stock' | 'onSaleAt' | 'offSaleAt'>,
  now: Date,
): Stock {
  const isOpen = onSaleAt <= now && (offSaleAt === null || offSaleAt > now);
  return isOpen ? stock : 'TICKETS_NOT_AVAILABLE';
}

/**
 * Popularity after `seats` more were taken at an instant: the logarithm of a count in which a seat
 * weighs half as much with every six hours that pass. It is counted forward from a fixed instant
 * (forward decay), so that events keep their order without being written while nothing happens.
 */
export function heated(popularity: number, seats: number, nowMs: number): number {
  if (seats <= 0) return popularity;
  const added = nowMs / HALF_LIFE_MS + Math.log2(seats);
  const [high, low] = added > popularity ? [added, popularity] : [popularity, added];
  return high + Math.log2(1 + 2 ** (low - high));
}

/** Names what of an event its answer depends on besides the time: its version, whether it is sold out. */
export function stampOf(version: number, left: number | undefined): string {
  return `${version}${left === 0 ? ' sold out' : ''}`;
}
