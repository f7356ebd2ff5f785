import type { Layout } from './seating-plan.ts';

export type Genre =
  | 'music'
  | 'classical'
  | 'opera'
  | 'theatre'
  | 'comedy'
  | 'sport'
  | 'talk'
  | 'family';

/** One evening. Times are local to the venue, `YYYY-MM-DD HH:MM`; its best seat gives the price. */
export type Show = {
  at: string;
  name: string;
  artists: string[];
  category: Genre;
  description: string;
  tags: string[];
  /** Price of the best category in minor units; the venue's shares give the others. */
  topPriceMinor: number;
  minutes: number;
  /** Doors open this many minutes before the start; 45 by default. */
  doorsBefore?: number;
  ageLimit?: number;
  /** When tickets are sold from; by default in the autumn of 2026. */
  onSale?: string;
  /** The one event the demo opens itself and lets its buyers compete for. */
  hot?: true;
  /** More free metadata. */
  notes?: Record<string, string>;
};

export type Venue = {
  slug: string;
  name: string;
  address: string;
  postcode: string;
  city: string;
  country: string;
  timeZone: string;
  currency: string;
  latitude: number;
  longitude: number;
  amenities: string[];
  rules: string[];
  /** Price categories, best first; share is the part of the top price. */
  categories: { name: string; color: string; share: number }[];
  layout: () => Layout;
  shows: Show[];
};
