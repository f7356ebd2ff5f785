import { isRefusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { priceSeats } from '../event.ts';
import { totalOf } from '../hold.ts';
import type { BestWish } from '../operations/pick-best.ts';
import { findBest, type Sight } from '../operations/take-best.ts';
import type { ChoiceReasons } from '../seating/choice-reasons.ts';
import { SPREADS } from '../seating/seat-wish.ts';
import { chooseTypes } from '../ticket-types.ts';
import { eventParams, text } from './schemas.ts';

const LARGEST_PARTY = 100;
const wishMembers = {
  partySize: Joi.number().integer().min(1).max(LARGEST_PARTY).required(),
  category: text(120),
  section: text(120),
  maxPriceMinor: Joi.number().integer().min(0).description('Most for one seat'),
  ticketType: text(40).description('As which type the seats are wanted, if not the default'),
  spread: Joi.string()
    .valid(...SPREADS)
    .description('How far the party may be parted; `near` if not said'),
};
const FLAG = /^[a-z][a-z_-]{0,39}$/;

export const bestWish = Joi.object({
  ...wishMembers,
  needs: Joi.array()
    .items(Joi.string().pattern(FLAG))
    .max(LARGEST_PARTY)
    .description('A flag for each seat that must have it, such as `accessible`'),
})
  .description('The best free seats for a party')
  .example({ partySize: 2, category: 'Stalls', maxPriceMinor: 9_000, spread: 'near' });

const REASONS: ChoiceReasons = {
  spread: 'adjacent',
  leavesSingle: false,
  score: 97.5,
  rank: { place: 3, of: 412 },
  groups: [
    {
      section: 'Stalls',
      row: 'B',
      rowFromFront: 2,
      centrality: 0.95,
      seatIds: ['Stalls-B-11', 'Stalls-B-12'],
    },
  ],
};

export function bestAvailableRoutes(deps: Sight): Route[] {
  return [
    route<{
      params: { eventId: string };
      query: Omit<BestWish, 'needs'> & { needs?: string };
    }>({
      method: 'get',
      path: '/api/events/:eventId/best-available',
      id: 'findBestAvailable',
      summary: 'The seats that a party would be given now, and why; holds nothing',
      tag: 'seats',
      access: 'anyone',
      params: eventParams,
      query: Joi.object({
        ...wishMembers,
        needs: Joi.string()
          .pattern(/^[a-z][a-z_-]{0,39}(,[a-z][a-z_-]{0,39})*$/)
          .max(500)
          .description('Flags that seats must have, with commas between')
          .example('accessible'),
      }),
      responses: {
        200: {
          description: 'The seats in the order of the plan, with their prices and the reasons',
          example: {
            seats: ['11', '12'].map((number) => ({
              seatId: `Stalls-B-${number}`,
              label: `Stalls, row B, seat ${number}`,
              section: 'Stalls',
              row: 'B',
              number,
              category: 'Stalls',
              ticketType: { id: 'full', name: 'Full price' },
              priceMinor: 4_800,
            })),
            totalMinor: 9_600,
            currency: 'EUR',
            reasons: REASONS,
          },
        },
      },
      errors: [
        'event_not_found',
        'event_cancelled',
        'too_many_seats',
        'ticket_type_not_found',
        'no_fitting_seats',
      ],
      async run({ params, query }) {
        const { needs, ...rest } = query;
        const wish: BestWish = { ...rest, ...(needs !== undefined && { needs: needs.split(',') }) };
        const best = await findBest(deps, params.eventId, wish);
        if (isRefusal(best)) return best;
        const { event, board, reasons } = best;
        const faces = best.seats.flatMap((seat) => board.faces[seat] ?? []);
        const types = chooseTypes(
          event,
          best.seatIds,
          wish.ticketType === undefined ? undefined : { forAll: wish.ticketType },
        );
        if (isRefusal(types)) return types;
        const seats = priceSeats(event, faces, types);
        const totalMinor = totalOf(seats);
        return reply(200, { seats, totalMinor, currency: event.currency, reasons });
      },
    }),
  ];
}
