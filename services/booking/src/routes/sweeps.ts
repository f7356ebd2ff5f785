import { Readable } from 'node:stream';
import { id } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import { csvLine } from '../export-text.ts';
import { steerSweep } from '../operations/steer-sweep.ts';
import {
  listOutcomes,
  listSweeps,
  type OutcomeRow,
  reportSweep,
  type SweepReport,
} from '../stores/sweep-reports.ts';
import {
  SWEEP_OUTCOMES,
  SWEEP_STATES,
  type SweepOutcome,
  type SweepState,
} from '../sweeps/sweep.ts';
import {
  OUTCOME_COLUMNS,
  outcomesAnswer,
  presentReport,
  presentSweep,
  sweepAnswer,
  sweepsAnswer,
} from './sweep-presenters.ts';

type Use = () => { db: Database; onSweep: () => void };
type ById = { sweepId: string };

const byId = Joi.object<ById>({ sweepId: id().lowercase().required() });
const limit = () => Joi.number().integer().min(1).max(1_000).default(100);
const ROWS_AT_ONCE = 1_000;

/** What became of the bookings of events that were cancelled or moved, and how to steer it. */
export function sweepRoutes(use: Use): Route[] {
  return [
    list(use),
    show(use),
    outcomes(use),
    csv(use),
    ...(['pause', 'resume'] as const).map((verb) => steer(use, verb)),
  ];
}

function list(use: Use): Route {
  return route<{ query: { state?: SweepState; cursor?: string; limit: number } }>({
    method: 'get',
    path: '/api/admin/sweeps',
    id: 'listSweeps',
    tag: 'sweeps',
    summary: 'Sweeps over the bookings of cancelled and moved events, newest first',
    access: ['admin'],
    query: Joi.object({
      state: Joi.string().valid(...SWEEP_STATES),
      cursor: id().lowercase().description('`next` of the page before'),
      limit: limit(),
    }),
    responses: { 200: { description: 'A page of them', ...sweepsAnswer } },
    async run({ query: { state, cursor, limit } }) {
      const found = await listSweeps(use().db, {
        limit: limit + 1,
        ...(state && { state }),
        ...(cursor && { before: cursor }),
      });
      const page = found.slice(0, limit);
      return reply(200, {
        sweeps: page.map(presentSweep),
        next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      });
    },
  });
}

function show(use: Use): Route {
  return route<{ params: ById }>({
    method: 'get',
    path: '/api/admin/sweeps/:sweepId',
    id: 'getSweep',
    tag: 'sweeps',
    summary: 'How far a sweep has come, and how its bookings fare',
    access: ['admin'],
    params: byId,
    responses: { 200: { description: 'As it stands', ...sweepAnswer } },
    errors: ['sweep_not_found'],
    async run({ params: { sweepId } }) {
      const report = await found(use().db, sweepId);
      return isRefusal(report) ? report : reply(200, { sweep: presentReport(report) });
    },
  });
}

function outcomes(use: Use): Route {
  return route<{
    params: ById;
    query: { outcome?: SweepOutcome; cursor?: string; limit: number };
  }>({
    method: 'get',
    path: '/api/admin/sweeps/:sweepId/outcomes',
    id: 'listSweepOutcomes',
    tag: 'sweeps',
    summary: 'What a sweep did with each booking, and where its money is now',
    access: ['admin'],
    params: byId,
    query: Joi.object({
      outcome: Joi.string().valid(...SWEEP_OUTCOMES),
      cursor: id().lowercase().description('`next` of the page before'),
      limit: limit(),
    }),
    responses: { 200: { description: 'A page of them, in the order of ids', ...outcomesAnswer } },
    errors: ['sweep_not_found'],
    async run({ params: { sweepId }, query: { outcome, cursor, limit } }) {
      const { db } = use();
      const report = await found(db, sweepId);
      if (isRefusal(report)) return report;
      const rows = await listOutcomes(db, {
        sweepId,
        limit: limit + 1,
        ...(outcome && { outcome }),
        ...(cursor && { after: cursor }),
      });
      const page = rows.slice(0, limit);
      return reply(200, {
        outcomes: page,
        next: rows.length > limit ? (page.at(-1)?.bookingId ?? null) : null,
      });
    },
  });
}

function csv(use: Use): Route {
  return route<{ params: ById }>({
    method: 'get',
    path: '/api/admin/sweeps/:sweepId/report.csv',
    id: 'exportSweep',
    tag: 'sweeps',
    summary: 'All outcomes of a sweep as CSV with a header line, streamed',
    access: ['admin'],
    params: byId,
    responses: {
      200: {
        description: 'A line a booking, in the order of ids',
        mediaType: 'text/csv; charset=utf-8; header=present',
        schema: Joi.string(),
        example: csvLine(OUTCOME_COLUMNS),
      },
    },
    errors: ['sweep_not_found'],
    async run({ params: { sweepId } }) {
      const { db } = use();
      const report = await found(db, sweepId);
      if (isRefusal(report)) return report;
      return reply(200, Readable.from(csvOf(db, sweepId)), {
        'content-type': 'text/csv; charset=utf-8; header=present',
        'content-disposition': `attachment; filename="sweep-${sweepId}.csv"`,
        'cache-control': 'no-store',
      });
    },
  });
}

async function* csvOf(db: Database, sweepId: string): AsyncGenerator<string> {
  yield csvLine(OUTCOME_COLUMNS);
  let after: string | undefined;
  for (;;) {
    const rows: OutcomeRow[] = await listOutcomes(db, {
      sweepId,
      limit: ROWS_AT_ONCE,
      ...(after && { after }),
    });
    if (rows.length === 0) return;
    yield rows.map((row) => csvLine(OUTCOME_COLUMNS.map((column) => row[column]))).join('');
    after = rows.at(-1)?.bookingId;
  }
}

function steer(use: Use, verb: 'pause' | 'resume'): Route {
  const pauses = verb === 'pause';
  return route<{ params: ById }>({
    method: 'post',
    path: `/api/admin/sweeps/:sweepId/${verb}`,
    id: `${verb}Sweep`,
    tag: 'sweeps',
    summary: pauses
      ? 'Stops a sweep after the batch it is at'
      : 'Lets a paused sweep go on; one that is done tries again what it passed over',
    access: ['admin'],
    params: byId,
    responses: { 200: { description: 'As it stands then', ...sweepAnswer } },
    errors: ['sweep_not_found', 'sweep_ended'],
    async run({ params: { sweepId }, origin }) {
      return steered(use(), { sweepId, to: pauses ? 'paused' : 'running', origin });
    },
  });
}

async function steered(
  { db, onSweep }: ReturnType<Use>,
  command: { sweepId: string; to: 'paused' | 'running'; origin: Origin },
) {
  const result = await steerSweep(db, command);
  if (isRefusal(result)) return result;
  onSweep();
  const report = await found(db, command.sweepId);
  return isRefusal(report) ? report : reply(200, { sweep: presentReport(report) });
}

async function found(db: Database, sweepId: string): Promise<SweepReport | Refusal> {
  const report = await reportSweep(db, sweepId);
  return (
    report ?? refused('sweep_not_found', `There is no sweep ${sweepId}: list them for their ids.`)
  );
}
