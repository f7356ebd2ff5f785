import { currency, id, instant, minor } from '@holdfast/shared/contracts/fields.ts';
import Joi from 'joi';
import type { OutcomeRow, SweepReport } from '../stores/sweep-reports.ts';
import { SWEEP_CAUSES, SWEEP_OUTCOMES, SWEEP_STATES, type Sweep } from '../sweeps/sweep.ts';

export function presentSweep(sweep: Sweep & { eventName: string }) {
  return {
    sweepId: sweep.id,
    eventId: sweep.eventId,
    eventName: sweep.eventName,
    cause: sweep.cause,
    state: sweep.state,
    oldStartsAt: sweep.oldStartsAt?.toISOString() ?? null,
    newStartsAt: sweep.newStartsAt.toISOString(),
    freeCancelUntil: sweep.freeCancelUntil?.toISOString() ?? null,
    startedAt: sweep.startedAt.toISOString(),
    endedAt: sweep.endedAt?.toISOString() ?? null,
  };
}

export function presentReport(report: SweepReport) {
  const outcomes = Object.fromEntries(
    SWEEP_OUTCOMES.map((outcome) => [outcome, report.outcomes[outcome] ?? 0]),
  );
  const { remaining, perSecond } = report;
  return { ...presentSweep(report), outcomes, remaining, perSecond };
}

/** The columns of the CSV report. */
export const OUTCOME_COLUMNS = [
  'bookingId',
  'userId',
  'outcome',
  'failure',
  'currency',
  'totalMinor',
  'repaidMinor',
  'at',
] as const satisfies readonly (keyof OutcomeRow)[];

const sweepFields = {
  sweepId: id().required(),
  eventId: id().required(),
  eventName: Joi.string().required(),
  cause: Joi.string()
    .valid(...SWEEP_CAUSES)
    .required(),
  state: Joi.string()
    .valid(...SWEEP_STATES)
    .required()
    .description('superseded: the event was changed again before it had ended'),
  oldStartsAt: instant().allow(null).required(),
  newStartsAt: instant().required(),
  freeCancelUntil: instant().allow(null).required(),
  startedAt: instant().required(),
  endedAt: instant().allow(null).required(),
};
const count = () => Joi.number().integer().min(0).required();
const outcomeSchema = Joi.object({
  bookingId: id().required(),
  userId: id().required(),
  outcome: Joi.string()
    .valid(...SWEEP_OUTCOMES)
    .required(),
  failure: Joi.string().allow(null).required().description('Why, where it failed or waits'),
  currency: currency().required(),
  totalMinor: minor().required(),
  repaidMinor: minor().required(),
  at: instant().required().description('When the sweep dealt with it'),
});

const example = {
  sweepId: '0198c9d7-4444-7000-8000-000000000001',
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  eventName: 'Beethoven: the late quartets',
  cause: 'cancelled',
  state: 'running',
  oldStartsAt: '2027-03-14T18:30:00.000Z',
  newStartsAt: '2027-03-14T18:30:00.000Z',
  freeCancelUntil: null,
  startedAt: '2027-02-01T09:00:00.000Z',
  endedAt: null,
};

export const sweepsAnswer = {
  schema: Joi.object({
    sweeps: Joi.array().items(Joi.object(sweepFields)).required(),
    next: id().allow(null).required(),
  }),
  example: { sweeps: [example], next: null },
};
export const sweepAnswer = {
  schema: Joi.object({
    sweep: Joi.object({
      ...sweepFields,
      outcomes: Joi.object(Object.fromEntries(SWEEP_OUTCOMES.map((one) => [one, count()])))
        .required()
        .description('Bookings dealt with, by how they fare now'),
      remaining: count().description('Bookings not dealt with yet'),
      perSecond: Joi.number().min(0).required().description('Bookings a second so far'),
    }).required(),
  }),
  example: {
    sweep: {
      ...example,
      outcomes: {
        repaid: 812,
        repaying: 9,
        waiting_for_funds: 0,
        nothing_to_repay: 3,
        voided: 1,
        told: 0,
        failed: 0,
      },
      remaining: 175,
      perSecond: 96.4,
    },
  },
};
export const outcomesAnswer = {
  schema: Joi.object({
    outcomes: Joi.array().items(outcomeSchema).required(),
    next: id().allow(null).required(),
  }),
  example: {
    outcomes: [
      {
        bookingId: '0198c9d5-6a02-7f3e-8b10-2c4d5e6f7081',
        userId: '0198c9d4-0c3d-7b22-9f83-1a2b3c4d5e6f',
        outcome: 'repaid',
        failure: null,
        currency: 'EUR',
        totalMinor: 4_800,
        repaidMinor: 4_800,
        at: '2027-02-01T09:00:01.208Z',
      },
    ],
    next: null,
  },
};
