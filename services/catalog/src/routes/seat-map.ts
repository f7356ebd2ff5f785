import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { SEAT_MAP_ID_HEADER, SEAT_MAP_TYPE } from '@holdfast/shared/contracts/seat-map.ts';
import { refused } from '@holdfast/shared/errors.ts';
import { matches } from '@holdfast/shared/http/kept-answers.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import { createCountedIds } from '@holdfast/shared/ids.ts';
import type { Metrics } from '@holdfast/shared/metrics.ts';
import { acceptedId } from '@holdfast/shared/origin.ts';
import Joi from 'joi';
import type { Board } from '../seat-map/board.ts';
import type { Boards } from '../seat-map/boards.ts';
import { geometryOf } from '../seat-map/geometry.ts';
import type { Form, Snapshots } from '../seat-map/snapshots.ts';
import { eventParams } from './schemas.ts';
import { geometryView, seatMapView } from './seat-map-schemas.ts';
import type { SeeEvent } from './visible-events.ts';

const ADDRESS = /^\/api\/events\/([0-9a-fA-F-]{36})\/seat-map$/;
const ROUTE_ID = 'getSeatMap';
const FOR_EVER = 'public, max-age=31536000, immutable';
const GEOMETRY_QUALITY = 9;
const compressMuch = promisify(brotliCompress);

/** The form that a request wants: binary, unless it names JSON; compressed where it may be. */
function formOf({ accept = '', 'accept-encoding': coding = '' }: IncomingHttpHeaders): Form {
  const wantsJson = accept.includes('application/json') && !accept.includes(SEAT_MAP_TYPE);
  const isBrotli = takesBrotli(coding);
  return wantsJson ? (isBrotli ? 'json-br' : 'json') : isBrotli ? 'binary-br' : 'binary';
}

function takesBrotli(coding: string | string[] | undefined): boolean {
  return /(?:^|[\s,])br(?!\w)(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(coding ?? ''));
}

/** Answers those who ask for a map that is at hand, ahead of the middleware chain. */
export function answerSeatMaps(snapshots: Snapshots, { keptReads }: Metrics) {
  const reads = { 200: keptReads(ROUTE_ID, 'hit'), 304: keptReads(ROUTE_ID, 'not_modified') };
  // A random id for each would cost a tenth of the answer.
  const nextId = createCountedIds();

  return function answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET') return false;
    const eventId = ADDRESS.exec(request.url ?? '')?.[1];
    if (eventId === undefined) return false;
    const { headers } = request;
    const snapshot = snapshots.peek(eventId, formOf(headers));
    if (snapshot === undefined) return false;
    const requestId = acceptedId(headers['x-request-id']) ?? nextId();
    const condition = headers['if-none-match'];
    const isKnown = condition === snapshot.etag || matches(condition, snapshot.etag);
    const status = isKnown ? 304 : 200;
    response.writeHead(status, ['x-request-id', requestId, ...snapshot.head[status]]);
    response.end(status === 200 ? snapshot.text : '', 'latin1');
    reads[status].count += 1;
    return true;
  };
}

export function seatMapRoutes(deps: {
  boards: Boards;
  snapshots: Snapshots;
  seeEvent: SeeEvent;
}): Route[] {
  const geometries = new WeakMap<Board['faces'], Promise<{ plain: Buffer; brotli: Buffer }>>();
  const noEvent = (eventId: string) => refused('event_not_found', `There is no event ${eventId}.`);

  /** Written out once for all boards of one reading. */
  function writtenGeometry(board: Board): Promise<{ plain: Buffer; brotli: Buffer }> {
    const known = geometries.get(board.faces);
    if (known) return known;
    const made = writeGeometry(board);
    geometries.set(board.faces, made);
    return made;
  }

  return [
    route<{ params: { eventId: string } }>({
      method: 'get',
      path: '/api/events/:eventId/seat-map',
      id: ROUTE_ID,
      summary:
        'How all seats stand: two bits a seat in the plan’s order, or JSON with counts if Accept names it',
      tag: 'seats',
      access: 'anyone',
      params: eventParams,
      responses: {
        200: {
          description: `The map, \`${SEAT_MAP_TYPE}\` unless Accept names application/json. \`${SEAT_MAP_ID_HEADER}\` is the place from which live changes go on. Binary, little-endian: format 1 (u8), bits a seat 2 (u8), header bytes 20 (u16), plan version (u32), seats (u32), instant in ms (f64), then the codes, the first in the lowest bits: 0 available, 1 held, 2 being paid or sold, 3 blocked.`,
          schema: seatMapView,
          example: SEAT_MAP_EXAMPLE,
        },
        304: { description: 'It is as If-None-Match says' },
      },
      errors: ['event_not_found'],
      owned: true,
      async run({ params: { eventId }, headers, actor }) {
        const seen = await deps.seeEvent(eventId, actor);
        if (!seen) return noEvent(eventId);
        const { snapshots } = deps;
        const form = formOf(headers);
        const snapshot = await (seen.isPublic ? snapshots.get : snapshots.look)(eventId, form);
        if (snapshot === undefined) return noEvent(eventId);
        const condition = headers['if-none-match'];
        return matches(condition === undefined ? undefined : String(condition), snapshot.etag)
          ? reply(304, undefined, snapshot.headers)
          : reply(200, snapshot.body, snapshot.headers);
      },
    }),
    route<{ params: { eventId: string; planVersion: number } }>({
      method: 'get',
      path: '/api/events/:eventId/seat-map/geometry/:planVersion',
      id: 'getSeatMapGeometry',
      summary: 'Where the seats of a version of the plan stand, in columns; never changes',
      tag: 'seats',
      access: 'anyone',
      params: eventParams.keys({ planVersion: Joi.number().integer().min(1).required() }),
      responses: {
        200: {
          description: 'The seats in the order of the seat map, to be kept for ever',
          schema: geometryView,
          example: GEOMETRY_EXAMPLE,
        },
      },
      errors: ['event_not_found', 'plan_version_not_found'],
      owned: true,
      async run({ params: { eventId, planVersion }, headers, actor }) {
        if (!(await deps.seeEvent(eventId, actor))) return noEvent(eventId);
        const board = await deps.boards.get(eventId);
        if (board === undefined) return noEvent(eventId);
        if (board.planVersion !== planVersion) {
          return refused(
            'plan_version_not_found',
            `The seats of the event follow version ${board.planVersion} of the plan, not ${planVersion}.`,
            { planVersion: board.planVersion },
          );
        }
        const { plain, brotli } = await writtenGeometry(board);
        const isBrotli = takesBrotli(headers['accept-encoding']);
        return reply(200, isBrotli ? brotli : plain, {
          'content-type': 'application/json; charset=utf-8',
          'cache-control': FOR_EVER,
          vary: 'accept-encoding',
          ...(isBrotli && { 'content-encoding': 'br' }),
        });
      },
    }),
  ];
}

async function writeGeometry(board: Board): Promise<{ plain: Buffer; brotli: Buffer }> {
  const plain = Buffer.from(JSON.stringify(geometryOf(board)));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: GEOMETRY_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
  };
  return { plain, brotli: await compressMuch(plain, { params }) };
}

const EXAMPLE_EVENT = { eventId: '0198c9d4-0000-7000-8000-000000000001', planVersion: 1 };
const SEAT_MAP_EXAMPLE = {
  ...EXAMPLE_EVENT,
  id: '0198c9d4-5555-7000-8000-000000000001~1805052600000-3',
  asOf: '2027-03-14T19:30:00.000Z',
  seatCount: 4,
  totals: { available: 2, held: 1, gone: 1, blocked: 0 },
  categories: [{ category: 'Stalls', available: 2, held: 1, gone: 1, blocked: 0 }],
  sections: [{ section: 'Stalls left', available: 2, held: 1, gone: 1, blocked: 0 }],
  seats: '0120',
};
const GEOMETRY_EXAMPLE = {
  ...EXAMPLE_EVENT,
  seatCount: 2,
  sections: ['Stalls'],
  rows: ['C'],
  categories: ['Stalls'],
  floors: [],
  flags: ['aisle'],
  seats: {
    seatId: ['STALLS-C-14', 'STALLS-C-15'],
    label: ['Stalls, row C, seat 14', 'Stalls, row C, seat 15'],
    number: ['14', '15'],
    section: [0, 0],
    row: [0, 0],
    category: [0, 0],
    floor: [-1, -1],
    x: [0, 1],
    y: [3, 3],
    flags: [[], [0]],
  },
};
