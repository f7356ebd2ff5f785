import { id, seatId } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { viewBlock } from '../block.ts';
import {
  type BlockDependencies,
  liftBlock,
  listBlocks,
  MOST_BLOCKED,
  placeBlock,
} from '../operations/place-block.ts';
import { eventParams, text } from './schemas.ts';

/** Bodies that name that many seats. */
const BODY_LIMIT = 512 * 1024;

const EXAMPLE = {
  blockId: '0198c9d4-7777-7000-8000-0000000000b1',
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  reason: 'Camera platform',
  seatIds: ['Stalls-A-2', 'Stalls-A-3'],
  status: 'placed',
  placedBy: 'user:0198c9d4-0000-7000-8000-0000000000aa',
  createdAt: '2027-02-01T09:30:00.000Z',
} satisfies ReturnType<typeof viewBlock>;

export function blockRoutes(deps: BlockDependencies): Route[] {
  const block = { description: 'The block', example: { block: EXAMPLE } };
  return [
    route<{
      params: { eventId: string };
      body: { reason: string; seatIds?: string[]; section?: string };
    }>({
      method: 'post',
      path: '/api/events/:eventId/blocks',
      id: 'placeBlock',
      summary: 'Keep seats back from sale, all of them or none; refused with the seats in use',
      tag: 'seats',
      access: ['organizer', 'admin'],
      params: eventParams,
      body: Joi.object({
        reason: text(200).required(),
        seatIds: Joi.array().items(seatId()).min(1).max(MOST_BLOCKED).unique(),
        section: text(120).description('All seats of the section'),
      })
        .xor('seatIds', 'section')
        .example({ reason: EXAMPLE.reason, seatIds: EXAMPLE.seatIds }),
      bodyLimit: BODY_LIMIT,
      responses: { 201: block },
      errors: [
        'event_not_found',
        'event_cancelled',
        'seat_not_found',
        'seats_in_use',
        'too_many_seats',
        'idempotency_key_reused',
        'forbidden',
      ],
      async run({ params, body, actor, origin, idempotencyKey }) {
        const placed = await placeBlock(deps, {
          ...params,
          input: body,
          actor,
          idempotencyKey,
          origin,
        });
        return isRefusal(placed) ? placed : reply(201, { block: viewBlock(placed) });
      },
    }),
    route<{ params: { eventId: string } }>({
      method: 'get',
      path: '/api/events/:eventId/blocks',
      id: 'listBlocks',
      summary: 'The blocks of seats of an event of mine',
      tag: 'seats',
      access: ['organizer', 'admin'],
      params: eventParams,
      responses: { 200: { description: 'The blocks', example: { blocks: [EXAMPLE] } } },
      errors: ['event_not_found', 'event_cancelled', 'forbidden'],
      async run({ params, actor }) {
        const blocks = await listBlocks(deps, { ...params, actor });
        return isRefusal(blocks) ? blocks : reply(200, { blocks: blocks.map(viewBlock) });
      },
    }),
    route<{ params: { eventId: string; blockId: string } }>({
      method: 'delete',
      path: '/api/events/:eventId/blocks/:blockId',
      id: 'liftBlock',
      summary: 'Give blocked seats back for sale; a block that was lifted is answered as it is',
      tag: 'seats',
      access: ['organizer', 'admin'],
      params: Joi.object({ eventId: id().required(), blockId: id().required() }),
      responses: {
        200: { ...block, example: { block: { ...EXAMPLE, status: 'lifted' } } },
      },
      errors: ['event_not_found', 'event_cancelled', 'block_not_found', 'forbidden'],
      async run({ params, actor, origin }) {
        const lifted = await liftBlock(deps, { ...params, actor, origin });
        return isRefusal(lifted) ? lifted : reply(200, { block: viewBlock(lifted) });
      },
    }),
  ];
}
