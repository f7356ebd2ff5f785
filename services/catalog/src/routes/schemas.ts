import { EVENT_STATUSES } from '@holdfast/shared/contracts/events.ts';
import {
  currency,
  id,
  instant,
  minor,
  seatId,
  zonedInstant,
} from '@holdfast/shared/contracts/fields.ts';
import { SEAT_STATUSES } from '@holdfast/shared/contracts/holds.ts';
import { terms } from '@holdfast/shared/contracts/terms.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import Joi from 'joi';
import { eventEditExample, newEventExample } from './examples/events.ts';
import { newVenueExample, venueEditExample } from './examples/venues.ts';
import { images, language, translations } from './faces.ts';
import { reasonsView } from './reasons-view.ts';

/** Text of a request: something to read, of bounded length. */
export const text = (longest: number) => Joi.string().min(1).max(longest);
const words = (most: number, longest: number) => Joi.array().items(text(longest)).max(most);

const HIGHEST_PRICE = 100_000_000;

export const prices = () =>
  Joi.array()
    .items(
      Joi.object({
        category: text(120).required(),
        priceMinor: minor().max(HIGHEST_PRICE).required(),
      }),
    )
    .min(1)
    .max(200);

const ticketTypes = () =>
  Joi.array()
    .items(
      Joi.object({
        id: Joi.string()
          .pattern(/^[a-z0-9][a-z0-9_-]{0,39}$/)
          .required()
          .example('child'),
        name: text(60).required().example('Child'),
        percent: Joi.number().integer().min(1).max(1_000).description('Of the prices of the event'),
        prices: prices().description('Of its own, for some or all categories'),
        salesFrom: zonedInstant(),
        salesUntil: zonedInstant(),
        maxPerOrder: Joi.number().integer().min(1).max(1_000),
        default: Joi.boolean(),
      }),
    )
    .max(20)
    .description('Kinds of tickets with prices and sales windows of their own; one is the default');

const metadata = () =>
  Joi.object()
    .pattern(
      // No leading underscore: the driver takes an object with `_bsontype` for one of its own.
      /^[A-Za-z0-9-][A-Za-z0-9_-]{0,39}$/,
      Joi.alternatives()
        .try(Joi.string().allow('').max(1_000), Joi.number(), Joi.boolean())
        .match('one'),
    )
    .max(50)
    .description('Free flat members: text, number or boolean');

const location = () =>
  Joi.object({
    latitude: Joi.number().min(-90).max(90).required(),
    longitude: Joi.number().min(-180).max(180).required(),
  });

export const plan = () =>
  Joi.object({
    pretix: Joi.object().unknown(true).description("pretix's seating-plan JSON"),
    categoryFlags: Joi.object()
      .unknown(true)
      .description('Flags of the seats of a category, as the pretix format has none'),
    sections: Joi.array()
      .items(Joi.object().unknown(true))
      .description('Sections of rows of seats, or of standing room (`kind`, `capacity`)'),
    categories: Joi.array().items(Joi.string()),
    seatCount: Joi.number().integer().description('A plain plan of that many seats'),
  }).description('Exactly one of pretix, sections (with categories) and seatCount');

const venueMembers = {
  name: text(200),
  address: Joi.string().allow('').max(500),
  city: Joi.string().allow('').max(120),
  country: Joi.string().allow('').max(60),
  timeZone: text(64),
  location: location(),
  amenities: words(100, 200),
  rules: words(100, 500),
  plan: plan(),
};

export const newVenue = Joi.object({
  ...venueMembers,
  name: venueMembers.name.required(),
  timeZone: venueMembers.timeZone.required(),
  plan: venueMembers.plan.required(),
}).example(newVenueExample);
export const venueEdit = Joi.object({
  ...venueMembers,
  version: Joi.number().integer().min(1),
})
  .min(1)
  .example(venueEditExample);

const eventMembers = {
  name: text(200),
  description: Joi.string().allow('').max(5_000),
  artists: words(100, 200),
  artistIds: Joi.array().items(id()).max(100).description('Artists of /api/artists'),
  category: text(60),
  startsAt: zonedInstant(),
  endsAt: zonedInstant().allow(null),
  onSaleAt: zonedInstant(),
  offSaleAt: zonedInstant().allow(null).description('End of the sale; else that of the event'),
  images: images(),
  language: language(),
  translations: translations(),
  prices: prices(),
  ticketTypes: ticketTypes(),
  terms: terms(),
  tags: words(50, 60),
  metadata: metadata(),
  maxPerUser: Joi.number().integer().min(1).max(1_000).description('Most seats for one account'),
  maxPerOrder: Joi.number()
    .integer()
    .min(1)
    .max(1_000)
    .description("Most seats in one hold, within the service's own cap"),
  seatPolicy: Joi.object({
    orphans: Joi.string().valid('allow', 'avoid').required(),
  }).description('`avoid` refuses choices that leave a single seat where there is another way'),
};

const newEventMembers = {
  ...eventMembers,
  venueId: id().required(),
  name: eventMembers.name.required(),
  category: eventMembers.category.required(),
  startsAt: eventMembers.startsAt.required(),
  onSaleAt: eventMembers.onSaleAt.required(),
  prices: eventMembers.prices.required(),
  currency: currency().required(),
  status: Joi.string().valid('draft', 'published'),
};
export const newEvent = Joi.object(newEventMembers).example(newEventExample);
const { startsAt: _starts, endsAt: _ends, ...repeated } = newEventMembers;
/** What the events of a series have in common. */
export const newSeriesEvent = Joi.object(repeated);
export const heldKeepPrice = () =>
  Joi.valid(true).description(
    'Seats that are held or sold keep their price; without it, new prices for such are refused',
  );

export const eventEdit = Joi.object({
  ...eventMembers,
  terms: terms().allow(null),
  language: language().allow(null),
  heldKeepPrice: heldKeepPrice(),
  status: Joi.string().valid(...EVENT_STATUSES),
  version: Joi.number().integer().min(1),
})
  .min(1)
  .example(eventEditExample);

export const limit = (most: number, usual: number) =>
  Joi.number().integer().min(1).max(most).default(usual);
export const cursor = () =>
  Joi.string()
    .max(600)
    .pattern(/^[\w-]+$/)
    .description('`next` of the page before');

const MOST_AREAS = 20;
const MOST_PLACES = 100;
export const areaWishes = Joi.array()
  .items(
    Joi.object({
      area: text(120).required(),
      quantity: Joi.number().integer().min(1).max(MOST_PLACES).required(),
      ticketType: text(40),
    }),
  )
  .min(1)
  .max(MOST_AREAS)
  .unique('area')
  .description('So many places of each standing area, by the name of its section')
  .example([{ area: 'Arena', quantity: 2 }]);

/** A span that ends before it begins has nothing in it, which nobody means to ask for. */
export function refuseInverted(from: Date | undefined, to: Date | undefined): Refusal | undefined {
  if (from === undefined || to === undefined || from < to) return undefined;
  return refused('invalid_request', 'from must be before to: swap them, or leave one out.');
}

export const venueParams = Joi.object({ venueId: id().required() });
export const eventParams = Joi.object({ eventId: id().required() });
export const holdParams = Joi.object({ holdId: id().required() });
export const holdSeatParams = Joi.object({ holdId: id().required(), seatId: seatId().required() });
export const seatParams = Joi.object({ eventId: id().required(), seatId: seatId().required() });

export const seatView = Joi.object({
  seatId: seatId().required(),
  label: Joi.string().required(),
  section: Joi.string().required(),
  row: Joi.string().allow('').required(),
  number: Joi.string().required(),
  order: Joi.number().integer().required(),
  position: Joi.object({
    x: Joi.number().required(),
    y: Joi.number().required(),
    floor: Joi.string(),
  }).description('None for a place of a standing area'),
  category: Joi.string().required(),
  flags: Joi.array().items(Joi.string()).required(),
  status: Joi.string()
    .valid(...SEAT_STATUSES)
    .required(),
  version: Joi.number().integer().required(),
});

export const holdView = Joi.object({
  holdId: id().required(),
  eventId: id().required(),
  status: Joi.string()
    .valid('held', 'in_checkout', 'confirmed', 'returned', 'released', 'expired')
    .required(),
  seats: Joi.array()
    .items(
      Joi.object({
        seatId: seatId().required(),
        label: Joi.string().required(),
        section: Joi.string().required(),
        row: Joi.string().allow('').required(),
        number: Joi.string().required(),
        category: Joi.string().required(),
        ticketType: Joi.object({ id: Joi.string().required(), name: Joi.string().required() }),
        priceMinor: minor().required(),
      }),
    )
    .required(),
  currency: currency().required(),
  totalMinor: minor().required(),
  terms: terms(),
  expiresAt: instant().required(),
  createdAt: instant().required(),
  reasons: reasonsView,
  offer: Joi.string().description('Signed offer for POST /api/bookings, while the hold is live'),
});
