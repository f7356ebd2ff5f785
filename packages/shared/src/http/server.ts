import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Joi from 'joi';
import Koa, { type Context, type Middleware } from 'koa';
import helmet from 'koa-helmet';
import { monotonicMs } from '../clock.ts';
import { describeError, isRefusal, type Refusal, refused, withoutParameters } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { acceptedId, type Origin } from '../origin.ts';
import { asFault } from '../outage.ts';
import type { VerifyToken } from '../tokens.ts';
import { admit, answerOwner, NOBODY } from './admission.ts';
import { check } from './check.ts';
import { type Dependencies, type Health, operationsRoutes } from './health.ts';
import { etagOf, type KeptAnswers } from './kept-answers.ts';
import { createWork, type HttpServer, listen, type Upgrades, type Work } from './listener.ts';
import { type OpenApi, openApi } from './openapi.ts';
import { PROBLEM_TYPE, problemOfFault, problemOfRefusal } from './problem.ts';
import type { Keep, Reply, Route, RouteRequest } from './route.ts';

export type { HttpServer } from './listener.ts';

const BODY_LIMIT = 64 * 1024;
const NO_MEMBERS = Joi.object({});

/**
 * Serves the declared routes plus /livez, /readyz, /health, /metrics and /openapi.json.
 * Every answer that is not a success is a problem document with the request id; a Fault
 * or a store that is down is a 503, anything unexpected a logged 500.
 */
export async function serve(options: {
  service: string;
  version: string;
  description: string;
  host: string;
  port: number;
  routes: readonly Route[];
  log: Logger;
  metrics: Metrics;
  verifyToken: VerifyToken;
  dependencies: Dependencies;
  /** What /health and /readyz tell, in place of the dependencies; the gateway asks its services. */
  health?: () => Promise<{ status: Health['status'] }>;
  /** What /openapi.json tells, in place of the own document; the gateway adds its services'. */
  document?: (own: OpenApi) => Promise<OpenApi>;
  /** Put ahead of the routes; the gateway's proxy is one. */
  before?: Middleware;
  /** Answers that are given out again ahead of everything, where a route's reply allows it. */
  kept?: KeptAnswers;
  /** Answers ahead of everything too; false leaves the request to the routes. */
  hot?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Takes connections that become another protocol's; the gateway's sockets are such. */
  upgrades?: Upgrades;
}): Promise<HttpServer> {
  const work = createWork();
  const app = new Koa();
  app.silent = true;
  app.use(answer({ ...options, work }));
  app.use(helmet());
  if (options.before) app.use(options.before);
  const router = new Router({ exclusive: false });
  const describe = async (): Promise<OpenApi> => options.document?.(own) ?? own;
  const routes = [...options.routes, ...operationsRoutes(options, describe)];
  const own = openApi({ ...options, routes });
  for (const one of routes) {
    register(router, one, { ...options, work });
  }
  app.use(router.routes());
  app.use(refuseUnknown);

  const chain = app.callback();
  const { kept, hot } = options;
  return listen(
    (request, response) => {
      if (!work.isStopped() && (kept?.answer(request, response) || hot?.(request, response)))
        return;
      chain(request, response);
    },
    options,
    work,
  );
}

/** Outermost: request ids, timing, and the form of every failure. */
function answer({ log, metrics, work }: { log: Logger; metrics: Metrics; work: Work }): Middleware {
  return async (ctx, next) => {
    const startedAt = monotonicMs();
    const requestId = acceptedId(ctx.get('x-request-id')) ?? newId();
    const correlationId = acceptedId(ctx.get('x-correlation-id')) ?? requestId;
    ctx.state.origin = { actor: 'anyone', requestId, correlationId } satisfies Origin;
    ctx.set('x-request-id', requestId);
    try {
      await next();
    } catch (error) {
      const fault = asFault(error);
      const refusal = fault ? undefined : refusalOfParser(error);
      if (refusal) {
        refuse(ctx, refusal);
      } else {
        log.error('http.failed', {
          requestId,
          method: ctx.method,
          path: ctx.path,
          error: describeError(error),
          ...(!fault && error instanceof Error && { stack: withoutParameters(error.stack ?? '') }),
        });
        const problem = problemOfFault(
          fault?.retryable === true,
          fault?.code ?? 'internal',
          requestId,
        );
        sendProblem(ctx, problem);
        if (fault?.retryable) ctx.set('retry-after', '1');
      }
    }
    // A refusal may come before the body was read. Reading on lets the client finish sending and
    // see the answer, where closing would reset its connection.
    if (!ctx.req.readableEnded) ctx.req.resume();
    // A connection kept alive would hold up the stop until it idles out.
    if (work.isStopped() && !ctx.headerSent) ctx.set('connection', 'close');
    const seconds = (monotonicMs() - startedAt) / 1_000;
    const route = (ctx.state.route as string | undefined) ?? 'none';
    metrics.requestSeconds.observe({ route, method: ctx.method, status: ctx.status }, seconds);
    log.debug('http.answered', { requestId, correlationId, route, status: ctx.status, seconds });
  };
}

/** Where no route ran: 405 with Allow when the address is known, else 404. */
function refuseUnknown(ctx: Context): void {
  const matched = (ctx.matched ?? []) as { methods: string[] }[];
  if (matched.length === 0) {
    const detail = `There is nothing at ${ctx.path}; /openapi.json lists what there is.`;
    refuse(ctx, refused('not_found', detail));
    return;
  }
  const allowed = [...new Set(matched.flatMap((layer) => layer.methods))].sort().join(', ');
  ctx.set('allow', allowed);
  const detail = `${ctx.path} does not take ${ctx.method}, but ${allowed}.`;
  refuse(ctx, refused('method_not_allowed', detail));
}

/** Refusals that the body parser and the router throw as HTTP errors. */
function refusalOfParser(error: unknown): Refusal | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status, code, limit } = error as { status?: unknown; code?: unknown; limit?: unknown };
  if (typeof code === 'string' && code.startsWith('Z_')) {
    return refused('malformed_body', 'The body is not compressed as Content-Encoding says.');
  }
  if (status === 413) {
    return refused(
      'body_too_large',
      `This address takes ${limit} bytes of body at most: send less.`,
    );
  }
  if (status === 415)
    return refused('media_type_unsupported', 'Send the body as UTF-8 application/json.');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return refused('malformed_body', `The request can not be read: ${error.message}.`);
  }
  if (error instanceof URIError)
    return refused('invalid_request', 'The address is not well encoded.');
  return undefined;
}

function refuse(ctx: Context, refusal: Refusal): void {
  sendProblem(ctx, problemOfRefusal(refusal, originOf(ctx).requestId));
  if (refusal.code === 'login_required' || refusal.code === 'token_invalid') {
    ctx.set('www-authenticate', 'Bearer');
  }
  const retryAfter = refusal.extra?.retryAfterSeconds;
  if (typeof retryAfter === 'number') ctx.set('retry-after', String(retryAfter));
}

function sendProblem(ctx: Context, problem: { status: number }): void {
  ctx.status = problem.status;
  ctx.body = JSON.stringify(problem);
  ctx.type = PROBLEM_TYPE;
}

function originOf(ctx: Context): Origin {
  return ctx.state.origin as Origin;
}

function register(
  router: Router,
  spec: Route,
  { verifyToken, work, kept }: { verifyToken: VerifyToken; work: Work; kept?: KeptAnswers },
): void {
  const parse = bodyParser({
    enableTypes: spec.raw ? ['text'] : ['json'],
    extendTypes: { text: ['*/*'] },
    jsonLimit: spec.bodyLimit ?? BODY_LIMIT,
    textLimit: spec.bodyLimit ?? BODY_LIMIT,
    jsonStrict: true,
  });
  const run: Middleware = async (ctx) => {
    ctx.state.route = spec.id;
    const actor = await admit(ctx, spec.access, verifyToken);
    if (isRefusal(actor)) return refuse(ctx, actor);
    if (actor !== NOBODY) ctx.state.origin = { ...originOf(ctx), actor: `user:${actor.userId}` };
    const idempotencyKey = ctx.get('idempotency-key');
    if (idempotencyKey !== '' && !/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) {
      return refuse(
        ctx,
        refused(
          'idempotency_key_invalid',
          'Send 1 to 255 visible ASCII characters as Idempotency-Key, a UUID for example.',
        ),
      );
    }
    if (spec.body !== undefined || spec.raw) {
      if (!spec.raw && ctx.request.length !== 0 && ctx.request.is('application/json') === false) {
        return refuse(ctx, refused('media_type_unsupported', 'Send the body as application/json.'));
      }
      await parse(ctx as never, async () => undefined);
    }
    const body = spec.body
      ? check('body', spec.body, ctx.request.body ?? {})
      : { value: undefined };
    if ('kind' in body) return refuse(ctx, body);
    const query = check('query', spec.query ?? NO_MEMBERS, { ...ctx.query });
    if ('kind' in query) return refuse(ctx, query);
    const params = check('params', spec.params, { ...ctx.params });
    if ('kind' in params) return refuse(ctx, params);
    const mark = kept?.mark() ?? 0;
    const request: RouteRequest<unknown, unknown, unknown> = {
      body: body.value,
      query: query.value,
      params: params.value,
      rawBody: ctx.request.rawBody ?? '',
      headers: ctx.headers,
      actor,
      origin: originOf(ctx),
      peer: ctx.req.socket.remoteAddress ?? 'unknown',
      idempotencyKey: idempotencyKey === '' ? undefined : idempotencyKey,
      signal: work.begin(ctx),
    };
    const isShared = kept !== undefined && spec.shared === true;
    const result = await (isShared
      ? kept.once(ctx.req, spec.id, () => spec.run(request))
      : spec.run(request));
    if (isRefusal(result)) {
      const own = await answerOwner(ctx, spec, request, verifyToken);
      if (own === undefined) return refuse(ctx, result);
      send(ctx, own);
      ctx.set('cache-control', 'private, no-store');
      return;
    }
    send(ctx, result);
    if (isShared && result.keep) keep(ctx, kept, { ...result.keep, mark });
  };
  router.register(spec.path, [spec.method], [run]);
}

function send(ctx: Context, result: Reply): void {
  ctx.status = result.status;
  if (result.headers) ctx.set(result.headers);
  if (result.body === undefined) {
    if (result.status !== 204) ctx.body = '';
  } else if (isSentAsItIs(result.body)) {
    ctx.body = result.body;
  } else {
    ctx.body = JSON.stringify(result.body);
    ctx.type = 'application/json; charset=utf-8';
  }
}

/** Makes the answer one that can be asked for conditionally, and keeps it for those who come next. */
function keep(ctx: Context, kept: KeptAnswers, { mark, ...terms }: Keep & { mark: number }): void {
  if (ctx.status !== 200) return;
  const body = Buffer.isBuffer(ctx.body) ? ctx.body : Buffer.from(String(ctx.body));
  const etag = etagOf(body);
  ctx.set({ etag, 'cache-control': 'no-cache' });
  if (terms.vary) ctx.set('vary', terms.vary.join(', '));
  const response = { route: ctx.state.route, headers: ctx.res.getHeaders(), body, etag };
  kept.keep(ctx.req, response, terms, mark);
  if (ctx.fresh) ctx.status = 304;
}

/** Text, bytes and streams go out as they are, with the type that the reply's headers name. */
function isSentAsItIs(body: unknown): body is string | Buffer | Readable {
  return typeof body === 'string' || Buffer.isBuffer(body) || body instanceof Readable;
}
