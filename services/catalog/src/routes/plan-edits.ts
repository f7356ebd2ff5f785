import { systemClock } from '@holdfast/shared/clock.ts';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import type { Caps, Price } from '../event.ts';
import { editPlan, type PlanEditStores } from '../operations/edit-plan.ts';
import { editedEventExample, eventPlanExample } from './examples/events.ts';
import { eventParams, heldKeepPrice, prices } from './schemas.ts';
import { showEvent, viewEvent } from './views.ts';

export function planEditRoutes(stores: PlanEditStores & { limits: Caps }): Route[] {
  return [
    route<{
      params: { eventId: string };
      body: { planVersion: number; prices?: Price[]; heldKeepPrice?: true; version?: number };
    }>({
      method: 'put',
      path: '/api/events/:eventId/plan',
      id: 'editEventPlan',
      summary:
        "Move an event to another version of its venue's plan; refused with the seats in use",
      tag: 'events',
      access: ['organizer', 'admin'],
      params: eventParams,
      body: Joi.object({
        planVersion: Joi.number().integer().min(1).required(),
        prices: prices().description(
          'For the categories of that plan; the present ones if left out',
        ),
        heldKeepPrice: heldKeepPrice(),
        version: Joi.number().integer().min(1),
      }).example(eventPlanExample),
      responses: {
        200: {
          description: 'The event; its seats follow the plan now',
          example: { event: editedEventExample },
        },
      },
      errors: [
        'event_not_found',
        'event_cancelled',
        'plan_not_found',
        'prices_incomplete',
        'seats_in_use',
        'version_conflict',
        'request_in_flight',
        'forbidden',
      ],
      async run({ params, body, actor, origin }) {
        const edited = await editPlan(stores, { ...params, input: body, actor, origin });
        return isRefusal(edited)
          ? edited
          : reply(200, { event: showEvent(viewEvent(edited, stores.limits), systemClock.now()) });
      },
    }),
  ];
}
