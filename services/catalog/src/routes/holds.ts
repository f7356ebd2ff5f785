import { monotonicMs } from '@holdfast/shared/clock.ts';
import { seatId } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { type Reply, type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import type { SoldEvent } from '../event.ts';
import { offerOf, type Signer } from '../offer.ts';
import type { HoldLimits, HoldStores } from '../operations/dependencies.ts';
import { extendHold } from '../operations/extend-hold.ts';
import { findOwn } from '../operations/own-hold.ts';
import type { BestWish } from '../operations/pick-best.ts';
import { releaseHold } from '../operations/release-hold.ts';
import { type AreaWish, takeAreas } from '../operations/take-areas.ts';
import { takeBest } from '../operations/take-best.ts';
import { takeSeats } from '../operations/take-seats.ts';
import type { PromisedSeats } from '../seating/promised-seats.ts';
import type { HoldNow } from '../stores/holds.ts';
import type { TypeWish } from '../ticket-types.ts';
import type { InTurn } from '../turns.ts';
import { bestWish } from './best-available.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { holdExample, holdsExample, releasedExample, takeExamples } from './examples/holds.ts';
import { areaWishes, cursor, eventParams, holdParams, holdView, limit, text } from './schemas.ts';
import { viewHold } from './views.ts';

export type HoldDependencies = HoldStores & {
  limits: HoldLimits;
  signer: Signer;
  inTurn: InTurn;
  promised: PromisedSeats;
  events: { find(eventId: string): Promise<SoldEvent | undefined> };
};

const LONGEST_LIST = 100;
const seconds = (limits: HoldLimits) =>
  Joi.number()
    .integer()
    .min(1)
    .description(`At most ${limits.maxMs / 1000}`);

/** Seats or places as a client names them: in one of these ways. */
export type SeatWishes = {
  seatIds?: string[];
  seats?: { seatId: string; ticketType?: string }[];
  areas?: AreaWish[];
};
export const seatWishes = {
  seatIds: Joi.array().items(seatId()).min(1).max(LONGEST_LIST).unique(),
  seats: Joi.array()
    .items(Joi.object({ seatId: seatId().required(), ticketType: text(40) }))
    .min(1)
    .max(LONGEST_LIST)
    .unique('seatId')
    .description('The same with the type of each ticket, where it is not the default'),
  areas: areaWishes,
};

/** A hold as an answer. */
export const hold = {
  description: 'The hold',
  schema: Joi.object({ hold: holdView.required() }),
  example: holdExample,
};

const holdPage = Joi.object({
  holds: Joi.array().items(holdView).required(),
  next: Joi.string().allow(null).required(),
});

export function holdRoutes(deps: HoldDependencies): Route[] {
  return [
    route<{
      params: { eventId: string };
      body: SeatWishes & { bestAvailable?: BestWish; durationSeconds?: number };
    }>({
      method: 'post',
      path: '/api/events/:eventId/holds',
      id: 'takeSeats',
      summary:
        'Hold seats by their ids, the best for a party, or places of standing areas, all or none; answers a signed offer',
      tag: 'holds',
      access: 'login',
      params: eventParams,
      body: Joi.object({
        ...seatWishes,
        bestAvailable: bestWish,
        durationSeconds: seconds(deps.limits),
      })
        .xor('seatIds', 'seats', 'areas', 'bestAvailable')
        .example(takeExamples[0])
        .example(takeExamples[1])
        .example(takeExamples[2])
        .example(takeExamples[3]),
      responses: { 201: hold },
      errors: [
        'event_not_found',
        'event_cancelled',
        'event_not_on_sale',
        'ticket_type_not_on_sale',
        'ticket_type_not_found',
        'seat_not_found',
        'seat_unavailable',
        'seat_policy',
        'no_fitting_seats',
        'area_not_found',
        'area_full',
        'seat_cooling_down',
        'too_many_seats',
        'hold_duration_invalid',
        'quota_exceeded',
        'idempotency_key_reused',
        'request_in_flight',
        'hold_aborted',
      ],
      run: ({ params, body, actor, origin, idempotencyKey }) =>
        measured(deps, async () => {
          const { bestAvailable, areas } = body;
          const command = {
            userId: actor.userId,
            eventId: params.eventId,
            durationMs: milliseconds(body.durationSeconds),
            idempotencyKey,
            origin,
          };
          const taken = await (bestAvailable
            ? takeBest(deps, { ...command, wish: bestAvailable })
            : areas
              ? takeAreas(deps, { ...command, areas })
              : takeSeats(deps, { ...command, ...seatsOf(body) }));
          if (isRefusal(taken)) return taken;
          return reply(
            201,
            { hold: await withOffer(deps.signer, taken) },
            { location: `/api/holds/${taken.hold._id}` },
          );
        }),
    }),
    route<{ query: { cursor?: string; limit: number } }>({
      method: 'get',
      path: '/api/holds',
      id: 'listHolds',
      summary: 'My holds, newest first',
      tag: 'holds',
      access: 'login',
      query: Joi.object({ cursor: cursor(), limit: limit(100, 20) }),
      responses: {
        200: {
          description: 'A page of holds; `next` leads to the one after',
          schema: holdPage,
          example: holdsExample,
        },
      },
      run: ({ query, actor }) => listHolds(deps, actor.userId, query),
    }),
    route<{ params: { holdId: string } }>({
      method: 'get',
      path: '/api/holds/:holdId',
      id: 'getHold',
      summary: 'One of my holds, with a fresh offer while it is live',
      tag: 'holds',
      access: 'login',
      params: holdParams,
      responses: { 200: hold },
      errors: ['hold_not_found', 'hold_not_owner'],
      async run({ params, actor }) {
        const found = await findOwn(deps.holds, { ...params, userId: actor.userId });
        if (isRefusal(found)) return found;
        return reply(200, { hold: await withOffer(deps.signer, found) });
      },
    }),
    route<{ params: { holdId: string } }>({
      method: 'delete',
      path: '/api/holds/:holdId',
      id: 'releaseHold',
      summary: 'Give a hold back; one that has ended is answered as it is',
      tag: 'holds',
      access: 'login',
      params: holdParams,
      responses: { 200: { ...hold, example: releasedExample } },
      errors: ['hold_not_found', 'hold_not_owner', 'hold_in_checkout', 'hold_not_active'],
      async run({ params, actor, origin }) {
        const released = await releaseHold(deps, { ...params, userId: actor.userId, origin });
        if (isRefusal(released)) return released;
        return reply(200, { hold: viewHold(released.hold, released.now) });
      },
    }),
    route<{ params: { holdId: string }; body: { durationSeconds: number } }>({
      method: 'post',
      path: '/api/holds/:holdId/extend',
      id: 'extendHold',
      summary: 'Make a hold end so many seconds later',
      tag: 'holds',
      access: 'login',
      params: holdParams,
      body: Joi.object({ durationSeconds: seconds(deps.limits).required() }).example({
        durationSeconds: 120,
      }),
      responses: { 200: hold },
      errors: [
        'hold_not_found',
        'hold_not_owner',
        'hold_expired',
        'hold_in_checkout',
        'hold_not_active',
        'hold_extend_limit',
        'version_conflict',
        'idempotency_key_reused',
      ],
      async run({ params, body, actor, origin, idempotencyKey }) {
        const extended = await extendHold(deps, {
          ...params,
          userId: actor.userId,
          durationMs: body.durationSeconds * 1_000,
          idempotencyKey,
          origin,
        });
        if (isRefusal(extended)) return extended;
        return reply(200, { hold: await withOffer(deps.signer, extended) });
      },
    }),
  ];
}

/** Seats by their ids, and the types that are named for some of them. */
export function seatsOf({ seats, seatIds = [] }: SeatWishes): {
  seatIds: readonly string[];
  types?: TypeWish;
} {
  if (seats === undefined) return { seatIds };
  const named = seats.flatMap(({ seatId, ticketType }) =>
    ticketType === undefined ? [] : [[seatId, ticketType] as const],
  );
  return {
    seatIds: seats.map((seat) => seat.seatId),
    ...(named.length > 0 && { types: { bySeat: new Map(named) } }),
  };
}

const milliseconds = (value: number | undefined) =>
  value === undefined ? undefined : value * 1_000;

/** The hold as its owner sees it, with an offer as long as it can be booked. */
export async function withOffer(signer: Signer, { hold, now }: HoldNow) {
  const view = viewHold(hold, now);
  if (view.status !== 'held') return { ...view, offer: undefined };
  return { ...view, offer: await signer.sign(offerOf(hold)) };
}

async function measured(
  { figures }: HoldStores,
  run: () => Promise<Reply | Refusal>,
): Promise<Reply | Refusal> {
  const startedAt = monotonicMs();
  const result = await run();
  const outcome = isRefusal(result) ? result.code : 'taken';
  figures.holds.inc({ outcome });
  figures.holdSeconds.observe({ outcome }, (monotonicMs() - startedAt) / 1_000);
  return result;
}

async function listHolds(
  deps: HoldDependencies,
  userId: string,
  query: { cursor?: string; limit: number },
): Promise<Reply | Refusal> {
  const place = readCursor(query.cursor, 2);
  if (isRefusal(place)) return place;
  const [takenAt, id = ''] = place ?? [];
  const before = takenAt === undefined ? undefined : { takenAt: new Date(takenAt), id };
  if (before && Number.isNaN(before.takenAt.getTime())) {
    return refused('invalid_request', 'The cursor is not one of a page of this list.');
  }
  const { holds, now } = await deps.holds.ofUser(userId, {
    ...(before && { before }),
    limit: query.limit,
  });
  const last = holds.length === query.limit ? holds.at(-1) : undefined;
  return reply(200, {
    holds: holds.map((hold) => viewHold(hold, now)),
    next: last ? writeCursor([last.takenAt.toISOString(), last._id]) : null,
  });
}
