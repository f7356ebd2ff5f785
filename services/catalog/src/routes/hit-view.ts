import { systemClock } from '@holdfast/shared/clock.ts';
import { EVENT_STATUSES } from '@holdfast/shared/contracts/events.ts';
import { id, instant, minor } from '@holdfast/shared/contracts/fields.ts';
import Joi from 'joi';
import { SHOWN_STATUSES, shownStatusOf } from '../event-status.ts';
import { STOCKS, stockAt } from '../search/listing.ts';
import type { Hit } from '../search/search.ts';
import { localTimeOf } from '../search/when.ts';

export const hitView = Joi.object({
  eventId: id().required(),
  name: Joi.string().required(),
  artists: Joi.array().items(Joi.string()).required(),
  category: Joi.string().required(),
  tags: Joi.array().items(Joi.string()).required(),
  venueId: id().required(),
  venueName: Joi.string().required(),
  city: Joi.string().allow('').required(),
  country: Joi.string().allow('').required(),
  location: Joi.object({ latitude: Joi.number().required(), longitude: Joi.number().required() }),
  timeZone: Joi.string().required(),
  startsAt: instant().required(),
  startsAtLocal: Joi.string().required().description('On the wall of the venue, without zone'),
  endsAt: instant(),
  onSaleAt: instant().required(),
  offSaleAt: instant(),
  status: Joi.string()
    .valid(...EVENT_STATUSES)
    .required(),
  shownStatus: Joi.string()
    .valid(...SHOWN_STATUSES)
    .required(),
  image: Joi.object({
    url: Joi.string().required(),
    alt: Joi.string().allow('').required(),
    ratio: Joi.string().required(),
  }),
  currency: Joi.string().required(),
  priceFromMinor: minor().required(),
  priceToMinor: minor().required(),
  seatCount: Joi.number().integer().required(),
  left: Joi.number().integer().required().description('Seats that can be had'),
  stock: Joi.string()
    .valid(...STOCKS)
    .required()
    .description('What can be had now; before `onSaleAt` and from `offSaleAt` on, nothing'),
  asOf: instant()
    .required()
    .description('Until when the counts are known to be right, by the clock of the store'),
  distanceKm: Joi.number(),
});

/** What anyone sees of a hit, whose counts are known to be right until an instant. */
export function viewHit(hit: Hit, countedUntil: Date | undefined) {
  const { place, distanceKm } = hit;
  const now = systemClock.now();
  return {
    eventId: hit._id,
    name: hit.name,
    artists: hit.artists,
    category: hit.category,
    tags: hit.tags,
    venueId: hit.venueId,
    venueName: hit.venueName,
    city: hit.city,
    country: hit.country,
    ...(place && {
      location: { latitude: place.coordinates[1], longitude: place.coordinates[0] },
    }),
    timeZone: hit.timeZone,
    startsAt: hit.startsAt.toISOString(),
    startsAtLocal: localTimeOf(hit.startsAt, hit.timeZone),
    ...(hit.endsAt && { endsAt: hit.endsAt.toISOString() }),
    onSaleAt: hit.onSaleAt.toISOString(),
    ...(hit.offSaleAt && { offSaleAt: hit.offSaleAt.toISOString() }),
    status: hit.status,
    shownStatus: shownStatusOf(hit, now, hit.left),
    ...(hit.image && { image: hit.image }),
    currency: hit.currency,
    priceFromMinor: hit.priceFromMinor,
    priceToMinor: hit.priceToMinor,
    seatCount: hit.seatCount,
    left: hit.left,
    stock: stockAt(hit, now),
    asOf: (countedUntil && countedUntil > hit.asOf ? countedUntil : hit.asOf).toISOString(),
    ...(distanceKm !== undefined && { distanceKm: Math.round(distanceKm * 1_000) / 1_000 }),
  };
}
