import { seatId } from '@holdfast/shared/contracts/fields.ts';
import Joi from 'joi';
import { SPREADS } from '../seating/seat-wish.ts';

/** Why a party was given its seats. */
export const reasonsView = Joi.object({
  spread: Joi.string()
    .valid(...SPREADS)
    .required(),
  leavesSingle: Joi.boolean().required(),
  score: Joi.number().required().description('Of the view: 100 is the middle of a first row'),
  rank: Joi.object({
    place: Joi.number().integer().required(),
    of: Joi.number().integer().required(),
  }).description('Among all choices side by side in the empty house'),
  groups: Joi.array()
    .items(
      Joi.object({
        section: Joi.string().required(),
        row: Joi.string().required(),
        rowFromFront: Joi.number().integer().required(),
        centrality: Joi.number()
          .required()
          .description('1 is the middle of the full row, 0 its end'),
        seatIds: Joi.array().items(seatId()).required(),
      }),
    )
    .required(),
}).description('Why these seats, where they were chosen as the best available');
