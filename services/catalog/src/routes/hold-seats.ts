import { isRefusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { addAreas } from '../operations/add-areas.ts';
import { addSeats } from '../operations/add-seats.ts';
import { dropSeat } from '../operations/drop-seat.ts';
import {
  type HoldDependencies,
  hold,
  type SeatWishes,
  seatsOf,
  seatWishes,
  withOffer,
} from './holds.ts';
import { holdParams, holdSeatParams } from './schemas.ts';

/** Seats that come into a live hold, and single ones that leave it. */
export function holdSeatRoutes(deps: HoldDependencies): Route[] {
  return [
    route<{ params: { holdId: string }; body: SeatWishes }>({
      method: 'post',
      path: '/api/holds/:holdId/seats',
      id: 'addSeats',
      summary:
        'Take more seats, or places of standing areas, into a hold, all or none; they end with it, the offer is new',
      tag: 'holds',
      access: 'login',
      params: holdParams,
      body: Joi.object(seatWishes)
        .xor('seatIds', 'seats', 'areas')
        .example({ seats: [{ seatId: 'Stalls-A-3', ticketType: 'child' }] }),
      responses: { 200: hold },
      errors: [
        'hold_not_found',
        'hold_not_owner',
        'hold_expired',
        'hold_in_checkout',
        'hold_not_active',
        'hold_change_limit',
        'event_not_found',
        'event_cancelled',
        'event_not_on_sale',
        'ticket_type_not_on_sale',
        'ticket_type_not_found',
        'seat_not_found',
        'seat_unavailable',
        'seat_cooling_down',
        'seat_policy',
        'area_not_found',
        'area_full',
        'too_many_seats',
        'quota_exceeded',
        'idempotency_key_reused',
        'request_in_flight',
      ],
      async run({ params, body, actor, origin, idempotencyKey }) {
        const command = { ...params, userId: actor.userId, idempotencyKey, origin };
        const changed = await (body.areas
          ? addAreas(deps, { ...command, areas: body.areas })
          : addSeats(deps, { ...command, ...seatsOf(body) }));
        if (isRefusal(changed)) return changed;
        return reply(200, { hold: await withOffer(deps.signer, changed) });
      },
    }),
    route<{ params: { holdId: string; seatId: string } }>({
      method: 'delete',
      path: '/api/holds/:holdId/seats/:seatId',
      id: 'dropSeat',
      summary: 'Give one seat of a hold back; without its last seat the hold is released',
      tag: 'holds',
      access: 'login',
      params: holdSeatParams,
      responses: { 200: hold },
      errors: [
        'hold_not_found',
        'hold_not_owner',
        'seat_not_in_hold',
        'seat_policy',
        'hold_expired',
        'hold_in_checkout',
        'hold_not_active',
        'hold_change_limit',
        'idempotency_key_reused',
      ],
      async run({ params, actor, origin, idempotencyKey }) {
        const changed = await dropSeat(deps, {
          ...params,
          userId: actor.userId,
          idempotencyKey,
          origin,
        });
        if (isRefusal(changed)) return changed;
        return reply(200, { hold: await withOffer(deps.signer, changed) });
      },
    }),
  ];
}
