import { id, instant } from '@holdfast/shared/contracts/fields.ts';
import Joi from 'joi';

const seatCounts = {
  available: Joi.number().integer().required(),
  held: Joi.number().integer().required(),
  gone: Joi.number().integer().required().description('Being paid or sold'),
  blocked: Joi.number().integer().required(),
};

export const seatMapView = Joi.object({
  eventId: id().required(),
  planVersion: Joi.number().integer().required(),
  id: Joi.string().required().description('Place in the live changes of the event'),
  asOf: instant().required(),
  seatCount: Joi.number().integer().required(),
  totals: Joi.object(seatCounts).required(),
  categories: Joi.array()
    .items(Joi.object({ category: Joi.string().required(), ...seatCounts }))
    .required(),
  sections: Joi.array()
    .items(Joi.object({ section: Joi.string().required(), ...seatCounts }))
    .required(),
  seats: Joi.string()
    .allow('')
    .required()
    .description(
      "A digit a seat in the plan's order: 0 available, 1 held, 2 being paid or sold, 3 blocked",
    ),
});

const texts = () => Joi.array().items(Joi.string()).required();
const places = () => Joi.array().items(Joi.number().integer()).required();

const positions = () =>
  Joi.array()
    .items(Joi.number().allow(null))
    .required()
    .description('null for a place of a standing area');

export const geometryView = Joi.object({
  eventId: id().required(),
  planVersion: Joi.number().integer().required(),
  seatCount: Joi.number().integer().required(),
  sections: texts(),
  rows: texts(),
  categories: texts(),
  floors: texts(),
  flags: texts(),
  seats: Joi.object({
    seatId: texts(),
    label: texts(),
    number: texts(),
    section: places(),
    row: places(),
    category: places(),
    floor: places(),
    x: positions(),
    y: positions(),
    flags: Joi.array().items(Joi.array().items(Joi.number().integer())).required(),
  }).required(),
});
