import Router from '@koa/router';
import type Joi from 'joi';
import type { Context } from 'koa';
import { type Answer, type Refused, refuse } from './answer.ts';
import type { Objects, RequestContext } from './books.ts';
import { expandObject, readExpansions } from './expansion.ts';
import type { FaultRoute } from './faults.ts';
import { readBody, type State, sendRefusal } from './http.ts';
import type { CommandRunner } from './idempotency.ts';
import type { Page, Table } from './object-table.ts';
import {
  type Checked,
  cancelIntentParameters,
  captureIntentParameters,
  checkParameters,
  confirmIntentParameters,
  createIntentParameters,
  listByIntentParameters,
  listEventsParameters,
  listMovementsParameters,
  listParameters,
  parseForm,
  refundParameters,
  retrieveParameters,
} from './parameters.ts';
import type {
  CancelParameters,
  CaptureParameters,
  ConfirmParameters,
  CreateParameters,
  Payments,
  RefundParameters,
} from './payments.ts';
import type { Metadata } from './stripe-objects.ts';

type Dependencies = {
  readonly objects: Objects;
  readonly payments: Payments;
  readonly commands: CommandRunner;
  /** Called when a command has committed, for its events may be due. */
  readonly onCommitted: () => void;
};

type ListParameters = {
  created?: number | Page['created'];
  ending_before?: string;
  expand?: readonly string[];
  limit?: number;
  payment_intent?: string;
  charge?: string;
  source?: string;
  starting_after?: string;
  type?: string;
};

/** The part of Stripe's HTTP API that Holdfast uses. https://docs.stripe.com/api */
export function createStripeRouter(deps: Dependencies): Router<State> {
  const router = new Router<State>({ prefix: '/v1' });
  const { objects, payments } = deps;
  const wishOf = (metadata: Metadata | '' | undefined): string | undefined =>
    metadata ? metadata.sandbox : undefined;
  const wishOfIntent = (id: string | undefined): string | undefined =>
    id === undefined ? undefined : wishOf(objects.intents.find(id)?.metadata);

  function post<P extends object>(
    path: string,
    route: FaultRoute,
    schema: Joi.ObjectSchema,
    run: (parameters: P, by: RequestContext, id: string) => Answer,
    faultWish: (parameters: P, id: string) => string | undefined,
  ): void {
    router.post(path, async (context) => {
      const parameters = await readForm<P & { expand?: readonly string[] }>(context, schema);
      if (parameters.kind === 'refused') return sendRefusal(context, parameters);
      const by: RequestContext = {
        requestId: context.state.requestId,
        idempotencyKey: context.get('idempotency-key') || null,
        apiVersion: context.get('stripe-version') || null,
      };
      const id = context.params.id ?? '';
      const { value } = parameters;
      const reply = await deps.commands.run({
        route,
        path: context.path,
        parameters: value,
        idempotencyKey: by.idempotencyKey,
        requestId: by.requestId,
        faultWish: () => faultWish(value, id),
        run: () => {
          const answer = run(value, by, id);
          if (answer.status !== 200) return answer;
          return { status: 200, body: expandObject(objects, answer.body, value.expand ?? []) };
        },
      });
      deps.onCommitted();
      if (reply === undefined) {
        // Left without an answer until the client hangs up.
        context.respond = false;
        return;
      }
      if (by.idempotencyKey !== null) context.set('idempotency-key', by.idempotencyKey);
      context.set(reply.headers);
      context.status = reply.status;
      context.type = 'application/json';
      context.body = reply.body;
    });
  }

  function retrieve(path: string, name: string, find: (id: string) => object | undefined): void {
    router.get(`${path}/:id`, (context) => {
      const parameters = checkParameters<{ expand?: readonly string[] }>(
        retrieveParameters,
        parseForm(context.querystring),
      );
      if (parameters.kind === 'refused') return sendRefusal(context, parameters);
      const id = context.params.id ?? '';
      const object = find(id);
      if (object === undefined) {
        const missing = { code: 'resource_missing', param: 'id', status: 404 };
        return sendRefusal(context, refuse(`No such ${name}: '${id}'`, missing));
      }
      context.body = expandObject(objects, object, parameters.value.expand ?? []);
    });
  }

  function list<T extends object>(path: string, schema: Joi.ObjectSchema, table: Table<T>): void {
    router.get(path, (context) => {
      const checked = checkParameters<ListParameters>(schema, parseForm(context.querystring));
      if (checked.kind === 'refused') return sendRefusal(context, checked);
      const found = table.list(readPage(checked.value));
      if (found === undefined) return sendRefusal(context, noSuchCursor(checked.value));
      const expansions = readExpansions(checked.value.expand ?? []);
      context.body = {
        object: 'list',
        url: context.path,
        has_more: found.hasMore,
        data: found.data.map((object) => expandObject(objects, object, expansions)),
      };
    });
  }

  post<CreateParameters>(
    '/payment_intents',
    'create',
    createIntentParameters,
    (parameters, by) => payments.create(parameters, by),
    (parameters) => wishOf(parameters.metadata),
  );
  post<ConfirmParameters>(
    '/payment_intents/:id/confirm',
    'confirm',
    confirmIntentParameters,
    (parameters, by, id) => payments.confirm(id, parameters, by),
    (_, id) => wishOfIntent(id),
  );
  post<CaptureParameters>(
    '/payment_intents/:id/capture',
    'capture',
    captureIntentParameters,
    (parameters, by, id) => payments.capture(id, parameters, by),
    (_, id) => wishOfIntent(id),
  );
  post<CancelParameters>(
    '/payment_intents/:id/cancel',
    'cancel',
    cancelIntentParameters,
    (parameters, by, id) => payments.cancel(id, parameters, by),
    (_, id) => wishOfIntent(id),
  );
  post<RefundParameters>(
    '/refunds',
    'refund',
    refundParameters,
    (parameters, by) => payments.refund(parameters, by),
    (parameters) => wishOfIntent(parameters.payment_intent),
  );

  list('/payment_intents', listParameters, objects.intents);
  list('/charges', listByIntentParameters, objects.charges);
  list('/refunds', listByIntentParameters, objects.refunds);
  list('/balance_transactions', listMovementsParameters, objects.balanceTransactions);
  list('/events', listEventsParameters, objects.events);
  retrieve('/payment_intents', 'payment_intent', objects.intents.find);
  retrieve('/charges', 'charge', objects.charges.find);
  retrieve('/refunds', 'refund', objects.refunds.find);
  retrieve('/balance_transactions', 'balance transaction', objects.balanceTransactions.find);
  retrieve('/events', 'event', objects.events.find);
  return router;
}

async function readForm<P>(context: Context, schema: Joi.ObjectSchema): Promise<Checked<P>> {
  const body = await readBody(context.req);
  if (typeof body !== 'string') return body;
  if (body !== '' && !context.is('application/x-www-form-urlencoded')) {
    return refuse(
      'Invalid request (check that your POST content type is application/x-www-form-urlencoded).',
    );
  }
  if (context.get('idempotency-key').length > 255) {
    return refuse('Idempotency keys have at most 255 characters.');
  }
  return checkParameters<P>(schema, parseForm(body));
}

function readPage(asked: ListParameters): Page {
  const { created } = asked;
  return {
    limit: asked.limit ?? 10,
    startingAfter: asked.starting_after,
    endingBefore: asked.ending_before,
    created: typeof created === 'number' ? { gte: created, lte: created } : created,
    paymentIntent: asked.payment_intent,
    where: {
      ...(asked.type !== undefined && { type: asked.type }),
      ...(asked.charge !== undefined && { charge: asked.charge }),
      ...(asked.source !== undefined && { source: asked.source }),
    },
  };
}

function noSuchCursor(asked: ListParameters): Refused {
  const param = asked.starting_after === undefined ? 'ending_before' : 'starting_after';
  return refuse(`No such object: '${asked[param]}'`, { code: 'resource_missing', param });
}
