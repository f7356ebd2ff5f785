import { id, instant, seatId } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, type Refusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { type CheckedIn, type CheckInDeps, checkIn } from '../operations/check-in.ts';
import { DIRECTIONS, type Direction } from '../tickets/admission.ts';
import { LONGEST_CODE } from '../tickets/code.ts';
import { gateRoutes } from './gates.ts';

/** What the routes work with; throws a retryable Fault while the store did not answer yet. */
type Use = () => { checkIns: CheckInDeps };
type Shown = { payload: string; direction: Direction };

const MOST_OFFLINE_SCANS = 200;
const EXAMPLE_EVENT = '0198c9d5-1111-7000-8000-3a5b7c9d1e2f';

const EXAMPLE_CODE = 'HF1:...';
const payload = () =>
  Joi.string().max(LONGEST_CODE).required().description('What the QR says').example(EXAMPLE_CODE);
const gate = () => Joi.string().min(1).max(64).required().example('North 2');
const direction = () =>
  Joi.string()
    .valid(...DIRECTIONS)
    .default('entry');

const checkInSchema = Joi.object({
  ticketId: id().required(),
  eventId: id().required(),
  seatId: seatId().required(),
  direction: Joi.string()
    .valid(...DIRECTIONS)
    .required(),
  gate: gate(),
  passage: Joi.number().integer().min(1).required().description('1 for the first entry'),
  at: instant().required(),
  scannedAt: instant().allow(null).required().description('As an offline scanner said'),
});
const exampleCheckIn = {
  ticketId: '0198c9d5-7b1a-7c44-9d21-5f0e6a3b8c71',
  eventId: EXAMPLE_EVENT,
  seatId: 'STALLS-C-14',
  direction: 'entry',
  gate: 'North 2',
  passage: 1,
  at: '2027-03-14T18:02:11.000Z',
  scannedAt: null,
};

/** Why a code may not pass; the same for a scan at once and for one made offline. */
const SCAN_ERRORS = [
  'ticket_code_invalid',
  'ticket_code_outdated',
  'ticket_other_event',
  'ticket_not_found',
  'ticket_void',
  'ticket_not_live',
  'ticket_transferred',
  'ticket_inside',
  'ticket_not_inside',
  'event_cancelled',
  'idempotency_key_reused',
] as const;

export function checkInRoutes(use: Use): Route[] {
  return [scan(use), scanOffline(use), ...gateRoutes(() => use().checkIns)];
}

function scan(use: Use): Route {
  return route<{ body: Shown & { eventId: string; gate: string } }>({
    method: 'post',
    path: '/api/check-in',
    id: 'checkIn',
    tag: 'check-in',
    summary: 'Lets the bearer of a ticket in or out at a gate of an event',
    access: ['scanner', 'admin'],
    body: Joi.object({
      payload: payload(),
      eventId: id().lowercase().required().description('The event that the gate is for'),
      gate: gate(),
      direction: direction(),
    }).example({ payload: EXAMPLE_CODE, eventId: EXAMPLE_EVENT, gate: 'North 2' }),
    responses: {
      200: {
        description: 'Passed; a repeat under the same Idempotency-Key is answered again',
        schema: Joi.object({ checkIn: checkInSchema.required() }),
        example: { checkIn: exampleCheckIn },
      },
    },
    errors: SCAN_ERRORS,
    async run({ body: { payload: code, ...where }, actor, origin, idempotencyKey: scanKey }) {
      const shown = { ...where, code, scanKey, scannerId: actor.userId };
      const outcome = await checkIn(use().checkIns, shown, origin);
      if (isRefusal(outcome)) return outcome;
      const headers = outcome.repeated ? { 'idempotent-replayed': 'true' } : {};
      return reply(200, { checkIn: present(outcome) }, headers);
    },
  });
}

type OfflineScan = Shown & { scanId: string; scannedAt: string };

function scanOffline(use: Use): Route {
  return route<{ body: { eventId: string; gate: string; scans: OfflineScan[] } }>({
    method: 'post',
    path: '/api/check-in/batch',
    id: 'checkInBatch',
    tag: 'check-in',
    summary: 'Stores scans that a gate made without a connection, each for itself',
    access: ['scanner', 'admin'],
    bodyLimit: 256 * 1024,
    body: Joi.object({
      eventId: id().lowercase().required().description('The event that the gate is for'),
      gate: gate(),
      scans: Joi.array()
        .items(
          Joi.object({
            scanId: id().lowercase().required().description('Made by the scanner, once a scan'),
            payload: payload(),
            direction: direction(),
            scannedAt: instant().required(),
          }),
        )
        .min(1)
        .max(MOST_OFFLINE_SCANS)
        .required(),
    }).example({
      eventId: EXAMPLE_EVENT,
      gate: 'North 2',
      scans: [
        {
          scanId: '0198c9d5-9a2b-7c44-9d21-5f0e6a3b8c72',
          payload: EXAMPLE_CODE,
          scannedAt: '2027-03-14T18:01:40.000Z',
        },
      ],
    }),
    responses: {
      200: {
        description:
          'What became of each scan, in the order sent; of two gates that let in the same ticket the first stored has it, and the other is told',
        schema: Joi.object({
          results: Joi.array()
            .items(
              Joi.object({
                scanId: id().required(),
                outcome: Joi.string().valid('stored', 'repeated', 'refused').required(),
                checkIn: checkInSchema,
                code: Joi.string().description('Of a refusal'),
                detail: Joi.string(),
                gate: Joi.string().description('Where somebody went in with the ticket'),
                since: instant(),
                eventId: id().description('The other event that the ticket is for'),
              }),
            )
            .required(),
        }),
        example: {
          results: [
            {
              scanId: '0198c9d5-9a1b-7c44-9d21-5f0e6a3b8c72',
              outcome: 'stored',
              checkIn: { ...exampleCheckIn, scannedAt: '2027-03-14T18:01:40.000Z' },
            },
          ],
        },
      },
    },
    async run({ body: { eventId, gate, scans }, actor, origin }) {
      const { checkIns } = use();
      const results: object[] = [];
      // In the order they were made: an exit follows the entry before it.
      const made = [...scans.entries()].toSorted(
        ([, a], [, b]) => Date.parse(a.scannedAt) - Date.parse(b.scannedAt),
      );
      for (const [place, { scanId, payload: code, direction, scannedAt }] of made) {
        const where = { eventId, gate, direction, scannerId: actor.userId };
        const shown = { ...where, code, scanKey: scanId, scannedAt: new Date(scannedAt) };
        const outcome = await checkIn(checkIns, shown, origin);
        results[place] = { scanId, ...presentOffline(outcome) };
      }
      return reply(200, { results });
    },
  });
}

function present({ passage, seatId }: CheckedIn) {
  const { ticketId, eventId, direction, gate, seq, at, scannedAt } = passage;
  return {
    ...{ ticketId, eventId, seatId, direction, gate, passage: seq },
    at: at.toISOString(),
    scannedAt: scannedAt?.toISOString() ?? null,
  };
}

function presentOffline(outcome: CheckedIn | Refusal): object {
  if (isRefusal(outcome)) {
    const { code, detail, extra } = outcome;
    return { outcome: 'refused', code, detail, ...extra };
  }
  return { outcome: outcome.repeated ? 'repeated' : 'stored', checkIn: present(outcome) };
}
