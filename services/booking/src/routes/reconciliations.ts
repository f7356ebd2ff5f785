import { currency, id, instant, minor } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import { DIFFERENCE_KINDS, remedyFor } from '../reconciliation/reconciliation.ts';
import { type DayReport, listDays, reportDay } from '../stores/reconciliation-reports.ts';
import { daysOf, requestDay } from '../stores/reconciliations.ts';

type Use = () => { db: Database; onReconcile: () => void };
type ByDay = { day: string };

const day = () =>
  Joi.string()
    .pattern(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'day')
    .description('A day in UTC')
    .example('2027-02-01');
const side = Joi.object({
  bookingId: id(),
  status: Joi.string(),
  currency: currency().required(),
  amountMinor: minor().required(),
  ledgerMinor: Joi.number().integer().description('The same by the ledger'),
}).allow(null);
const daySchema = Joi.object({
  day: day().required(),
  state: Joi.string().valid('requested', 'reading', 'comparing', 'done').required(),
  coversUntil: instant().allow(null).required().description('What was moved before it is compared'),
  requestedBy: Joi.string().required(),
  finishedAt: instant().allow(null).required(),
  unresolved: Joi.number().integer().min(0).required().description('Differences not settled yet'),
});
const fullSchema = daySchema.append({
  sums: Joi.array()
    .items(
      Joi.object({
        movement: Joi.string().valid('capture', 'refund').required(),
        currency: currency().required(),
        countThere: Joi.number().integer().min(0).required(),
        thereMinor: Joi.number().integer().required(),
        hereMinor: Joi.number().integer().required(),
      }),
    )
    .required(),
  differences: Joi.array()
    .items(
      Joi.object({
        movement: Joi.string().valid('capture', 'refund').required(),
        subject: Joi.string().required().description("The provider's id, or ours if it has none"),
        kind: Joi.string()
          .valid(...DIFFERENCE_KINDS)
          .required(),
        bookingId: id().allow(null).required(),
        here: side.required(),
        there: side.required(),
        remedy: Joi.string().required(),
        foundAt: instant().required(),
        resolvedAt: instant().allow(null).required(),
      }),
    )
    .required(),
});
const example = {
  day: '2027-02-01',
  state: 'done',
  coversUntil: '2027-02-02T00:00:00.000Z',
  requestedBy: 'system:reconciliation',
  finishedAt: '2027-02-02T00:10:02.118Z',
  unresolved: 0,
};
const fullExample = {
  ...example,
  sums: [
    {
      movement: 'capture',
      currency: 'EUR',
      countThere: 412,
      thereMinor: 3_955_200,
      hereMinor: 3_955_200,
    },
  ],
  differences: [],
};

/** The daily comparison with the payment provider's report. */
export function reconciliationRoutes(use: Use): Route[] {
  return [request(use), list(use), show(use)];
}

function request(use: Use): Route {
  return route<{ body: { day?: string } }>({
    method: 'post',
    path: '/api/admin/reconciliations',
    id: 'requestReconciliation',
    tag: 'reconciliations',
    summary: "Compares our books of a day with the provider's, yesterday's by default",
    access: ['admin'],
    body: Joi.object({ day: day() }).example({ day: '2027-02-01' }),
    responses: {
      202: {
        description: 'Being compared: follow Location',
        schema: Joi.object({ reconciliation: daySchema.required() }),
        example: { reconciliation: { ...example, state: 'requested', finishedAt: null } },
      },
    },
    async run({ body, origin }) {
      const { db, onReconcile } = use();
      const days = await daysOf(db);
      const wanted = body.day ?? days.yesterday;
      if (!isDay(wanted) || wanted > days.today) {
        return refused('invalid_request', `${wanted} is no day until ${days.today}, today in UTC.`);
      }
      await requestDay(db, wanted, origin.actor);
      onReconcile();
      const [report] = await listDays(db, { day: wanted, limit: 1 });
      const location = `/api/admin/reconciliations/${wanted}`;
      return reply(202, { reconciliation: report }, { location });
    },
  });
}

function list(use: Use): Route {
  return route<{ query: { before?: string; limit: number } }>({
    method: 'get',
    path: '/api/admin/reconciliations',
    id: 'listReconciliations',
    tag: 'reconciliations',
    summary: 'Days that were compared with the provider, newest first',
    access: ['admin'],
    query: Joi.object({
      before: day(),
      limit: Joi.number().integer().min(1).max(400).default(31),
    }),
    responses: {
      200: {
        description: 'A page of days',
        schema: Joi.object({ reconciliations: Joi.array().items(daySchema).required() }),
        example: { reconciliations: [example] },
      },
    },
    run: async ({ query }) => reply(200, { reconciliations: await listDays(use().db, query) }),
  });
}

function show(use: Use): Route {
  return route<{ params: ByDay }>({
    method: 'get',
    path: '/api/admin/reconciliations/:day',
    id: 'getReconciliation',
    tag: 'reconciliations',
    summary: 'Sums of a day on both sides, and each difference with its remedy',
    access: ['admin'],
    params: Joi.object({ day: day().required() }),
    responses: {
      200: {
        description: 'As it stands',
        schema: Joi.object({ reconciliation: fullSchema.required() }),
        example: { reconciliation: fullExample },
      },
    },
    errors: ['reconciliation_not_found'],
    async run({ params }) {
      const full = await present(use().db, params.day);
      return isRefusal(full) ? full : reply(200, { reconciliation: full });
    },
  });
}

async function present(db: Database, wanted: string): Promise<DayReport | Refusal> {
  const found = isDay(wanted) ? await reportDay(db, wanted) : undefined;
  if (found === undefined) {
    return refused(
      'reconciliation_not_found',
      `${wanted} was not compared yet: ask for it with POST /api/admin/reconciliations.`,
    );
  }
  const differences = found.differences.map((one) => ({ ...one, remedy: remedyFor(one) }));
  return { ...found.report, ...{ sums: found.sums, differences } };
}

/** Whether a text of the right form is a day of the calendar. */
function isDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}
