import type { Metrics } from '@holdfast/shared/metrics.ts';
import Router from '@koa/router';
import Joi from 'joi';
import { refuse } from './answer.ts';
import { FAULT_KINDS, FAULT_ROUTES, type FaultRule, type Faults } from './faults.ts';
import type { Funds } from './funds.ts';
import { readBody, type State, sendRefusal } from './http.ts';
import type { Payments } from './payments.ts';
import { streamReport } from './report.ts';
import type { Store } from './store.ts';
import type { Webhooks } from './webhooks.ts';

const faultRule = Joi.object<FaultRule>({
  route: Joi.string()
    .valid('*', ...FAULT_ROUTES)
    .default('*'),
  kind: Joi.string()
    .valid(...FAULT_KINDS)
    .required(),
  delayMs: Joi.number().integer().min(0).max(120_000).default(1_000),
  times: Joi.number().integer().min(1),
  rate: Joi.number().min(0).max(1).default(1),
}).required();

const settlement = Joi.object<{ paymentIntent: string; succeeds: boolean }>({
  paymentIntent: Joi.string().required(),
  succeeds: Joi.boolean().default(true),
}).required();

const balance = Joi.object<{ availableMinor: number | null }>({
  availableMinor: Joi.number().integer().min(0).allow(null).required(),
}).required();

/** What Stripe does not have: faults on demand, the auditor's report, health. */
export function createSandboxRouter(deps: {
  readonly store: Store;
  readonly faults: Faults;
  readonly funds: Funds;
  readonly webhooks: Webhooks;
  readonly metrics: Metrics;
  readonly payments: Payments;
  readonly isStopping: () => boolean;
}): Router<State> {
  const { store, faults, funds, webhooks, metrics, payments, isStopping } = deps;
  const router = new Router<State>();

  router.post('/_sandbox/faults', async (context) => {
    const body = await readBody(context.req);
    if (typeof body !== 'string') return sendRefusal(context, body);
    const { value, error } = faultRule.validate(parseJson(body));
    if (error !== undefined) return sendRefusal(context, refuse(error.message));
    faults.add(value);
    context.status = 201;
    context.body = value;
  });
  router.get('/_sandbox/faults', (context) => {
    context.body = faults.list();
  });
  router.delete('/_sandbox/faults', (context) => {
    faults.clear();
    context.status = 204;
  });

  router.post('/_sandbox/settlements', async (context) => {
    const body = await readBody(context.req);
    if (typeof body !== 'string') return sendRefusal(context, body);
    const { value, error } = settlement.validate(parseJson(body));
    if (error !== undefined) return sendRefusal(context, refuse(error.message));
    await store.commit(() => payments.settle(value.paymentIntent, value.succeeds));
    webhooks.wake();
    context.status = 204;
  });

  router.put('/_sandbox/balance', async (context) => {
    const body = await readBody(context.req);
    if (typeof body !== 'string') return sendRefusal(context, body);
    const { value, error } = balance.validate(parseJson(body));
    if (error !== undefined) return sendRefusal(context, refuse(error.message));
    funds.set(value.availableMinor);
    context.status = 204;
  });

  router.get('/_sandbox/report', (context) => {
    context.type = 'application/x-ndjson';
    context.body = streamReport(store);
  });
  router.get('/_sandbox/webhooks', (context) => {
    context.body = webhooks.counts();
  });

  router.get('/livez', (context) => {
    context.body = { status: 'alive' };
  });
  router.get(['/readyz', '/health'], (context) => {
    context.status = isStopping() ? 503 : 200;
    context.body = {
      status: isStopping() ? 'stopping' : 'healthy',
      webhooks: webhooks.counts(),
      faults: faults.list().length,
    };
  });
  router.get('/metrics', async (context) => {
    context.type = metrics.registry.contentType;
    context.body = await metrics.registry.metrics();
  });
  return router;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
