import Joi from 'joi';
import { minor } from './fields.ts';

/**
 * What an event's organizer asks besides the face value, and allows afterwards. Fixed for a buyer at
 * the hold, by the signed offer; where an event, an offer or a booking names none, `NO_TERMS`.
 */
export type Terms = {
  readonly charges: Charges;
  /**
   * Steps, the one that ends first in front. The first whose end is not passed applies; when all are
   * passed, or there is none, only an admin cancels.
   */
  readonly cancellation: readonly CancellationStep[];
  /** Whether a ticket may go to another person. */
  readonly transferable: boolean;
};

export type Charges = {
  /** Service fee of each ticket: so much, and a part of its face value (100 are one percent). */
  readonly perTicketMinor: number;
  readonly perTicketBasisPoints: number;
  /** Service fee of the whole order. */
  readonly perOrderMinor: number;
  /** On face values and fees; `included` when these have it in them already. */
  readonly tax: {
    readonly name: string;
    readonly basisPoints: number;
    readonly included: boolean;
  } | null;
};

export type CancellationStep = {
  readonly untilHoursBeforeStart: number;
  /** What the organizer keeps: a part of the face value, and so much of each ticket. */
  readonly keepBasisPoints: number;
  readonly keepPerTicketMinor: number;
  readonly repaysFees: boolean;
};

export const NO_TERMS: Terms = {
  charges: { perTicketMinor: 0, perTicketBasisPoints: 0, perOrderMinor: 0, tax: null },
  cancellation: [],
  transferable: true,
};

export const exampleTerms: Terms = {
  charges: {
    perTicketMinor: 150,
    perTicketBasisPoints: 250,
    perOrderMinor: 200,
    tax: { name: 'VAT 10 %', basisPoints: 1_000, included: true },
  },
  cancellation: [
    {
      untilHoursBeforeStart: 168,
      keepBasisPoints: 0,
      keepPerTicketMinor: 0,
      repaysFees: true,
    },
    {
      untilHoursBeforeStart: 24,
      keepBasisPoints: 2_000,
      keepPerTicketMinor: 0,
      repaysFees: false,
    },
  ],
  transferable: true,
};

const HIGHEST_FEE = 10_000_000;
const YEAR_HOURS = 366 * 24;

const basisPoints = () => Joi.number().integer().min(0).max(10_000);

/** The form of terms, in requests as in messages; that steps follow each other is checked apart. */
export const terms = () =>
  Joi.object<Terms>({
    charges: Joi.object({
      perTicketMinor: minor().max(HIGHEST_FEE).required(),
      perTicketBasisPoints: basisPoints()
        .required()
        .description('Part of the face value; 100 are one percent'),
      perOrderMinor: minor().max(HIGHEST_FEE).required(),
      tax: Joi.object({
        name: Joi.string().min(1).max(60).required().example('VAT 10 %'),
        basisPoints: basisPoints().required(),
        included: Joi.boolean()
          .required()
          .description('Whether face values and fees have it in them'),
      })
        .allow(null)
        .required(),
    }).required(),
    cancellation: Joi.array()
      .items(
        Joi.object({
          untilHoursBeforeStart: Joi.number().integer().min(0).max(YEAR_HOURS).required(),
          keepBasisPoints: basisPoints().required().description('Kept of the face value'),
          keepPerTicketMinor: minor().max(HIGHEST_FEE).required(),
          repaysFees: Joi.boolean().required(),
        }),
      )
      .max(10)
      .required()
      .description('Steps in order of time; none: only an admin cancels'),
    transferable: Joi.boolean().required(),
  }).description('Fees, taxes, and what a buyer may do afterwards; fixed at the hold');
