import Joi from 'joi';
import type { SeatingPlan } from './seating-plan.ts';
import type { Genre } from './venue.ts';

const text = () => Joi.string().trim().min(1).required();
const point = () =>
  Joi.object({ x: Joi.number().required(), y: Joi.number().required() }).required();
const uuid = () => Joi.string().guid({ version: 'uuidv4' }).required();
const colour = () =>
  Joi.string()
    .pattern(/^#[0-9a-f]{6}$/)
    .required();
const size = {
  width: Joi.number().integer().required(),
  height: Joi.number().integer().required(),
};

/** What pretix accepts, without the fields that the demo's plans leave out. */
export const planSchema = Joi.object<SeatingPlan>({
  name: text(),
  categories: Joi.array().items({ name: text(), color: colour() }).min(1).required(),
  zones: Joi.array()
    .items({
      name: text(),
      zone_id: text(),
      uuid: uuid(),
      position: point(),
      rows: Joi.array()
        .items({
          row_number: text(),
          row_label: Joi.string(),
          row_number_position: Joi.valid('start', 'end', 'both', null).required(),
          uuid: uuid(),
          position: point(),
          seats: Joi.array()
            .items({ seat_guid: text(), seat_number: text(), position: point(), category: text() })
            .min(1)
            .required(),
        })
        .min(1)
        .required(),
      areas: Joi.array()
        .items({
          shape: Joi.valid('rectangle').required(),
          uuid: uuid(),
          position: point(),
          rotation: Joi.number().required(),
          color: colour(),
          border_color: colour(),
          rectangle: Joi.object(size).required(),
          text: Joi.object({
            text: text(),
            color: colour(),
            size: Joi.number().integer().required(),
            position: point(),
          }).required(),
        })
        .required(),
    })
    .min(1)
    .required(),
  size: Joi.object(size).required(),
});

/** demo/catalog/<slug>/venue.json */
export type VenueFile = {
  slug: string;
  name: string;
  address: string;
  postcode: string;
  city: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  timeZone: string;
  currency: string;
  latitude: number;
  longitude: number;
  amenities: string[];
  rules: string[];
  seatCount: number;
  plan: 'plan.json';
  /** What a seat's category says about it, since the plan format has no flags. */
  categoryFlags: Record<string, string[]>;
};

const sentences = () => Joi.array().items(text()).min(1).required();
const zone = () =>
  text().custom((value: string) => {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return value;
  });
const currency = () =>
  text().custom((value: string) => {
    if (Intl.supportedValuesOf('currency').includes(value)) return value;
    throw new Error(`${value} is not a currency`);
  });
const instant = () =>
  text()
    .pattern(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/)
    .isoDate();

export const venueSchema = Joi.object<VenueFile>({
  slug: text().pattern(/^[a-z0-9-]+$/),
  name: text(),
  address: text(),
  postcode: text(),
  city: text(),
  country: text().pattern(/^[A-Z]{2}$/),
  timeZone: zone(),
  currency: currency(),
  latitude: Joi.number().min(-90).max(90).required(),
  longitude: Joi.number().min(-180).max(180).required(),
  amenities: sentences(),
  rules: sentences(),
  seatCount: Joi.number().integer().required(),
  plan: Joi.valid('plan.json').required(),
  categoryFlags: Joi.object()
    .pattern(
      Joi.string(),
      Joi.array()
        .items(Joi.valid('accessible', 'companion', 'restricted-view'))
        .length(1),
    )
    .required(),
});

/** An entry of demo/catalog/programme.json. Instants are UTC, amounts in minor units. */
export type EventFile = {
  /** The venue's slug. */
  venue: string;
  name: string;
  artists: string[];
  category: Genre;
  description: string;
  tags: string[];
  startsAt: string;
  timeZone: string;
  onSaleAt: string;
  currency: string;
  prices: { category: string; priceMinor: number }[];
  hot?: true;
  metadata: {
    doors: string;
    runningTimeMinutes: number;
    ageLimit?: number;
    [key: string]: unknown;
  };
};

export const eventSchema = Joi.object<EventFile>({
  venue: text(),
  name: text(),
  artists: sentences(),
  category: Joi.valid(
    'music',
    'classical',
    'opera',
    'theatre',
    'comedy',
    'sport',
    'talk',
    'family',
  ).required(),
  description: text().min(40).max(400),
  tags: sentences(),
  startsAt: instant(),
  timeZone: zone(),
  onSaleAt: instant(),
  currency: currency(),
  prices: Joi.array()
    .items({ category: text(), priceMinor: Joi.number().integer().min(100).required() })
    .min(1)
    .required(),
  hot: Joi.valid(true),
  metadata: Joi.object({
    doors: text().pattern(/^\d\d:\d\d$/),
    runningTimeMinutes: Joi.number().integer().min(30).max(300).required(),
    ageLimit: Joi.number().integer().min(3).max(18),
  })
    .pattern(Joi.string(), text())
    .required(),
});
