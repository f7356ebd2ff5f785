import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import { isRefusal, refused } from '@holdfast/shared/errors.ts';
import { PROBLEM_TYPE, problemOfRefusal } from '@holdfast/shared/http/problem.ts';
import { serve } from '@holdfast/shared/http/server.ts';
import { closeAll, type Service } from '@holdfast/shared/lifecycle.ts';
import { createLogger, type Logger } from '@holdfast/shared/logger.ts';
import { createMetrics } from '@holdfast/shared/metrics.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { createTokenVerifier } from '@holdfast/shared/tokens.ts';
import type { Middleware } from 'koa';
import packageJson from '../package.json' with { type: 'json' };
import type { GatewayConfig } from './config.ts';
import { createDocument } from './document.ts';
import { askAll } from './health.ts';
import { indexRoute } from './index-route.ts';
import { openLive } from './live/live.ts';
import { createForwarder, type Forwarder, hasMisframedBody, prepareHeaders } from './proxy.ts';
import { chooseUpstream, type Upstream } from './routing.ts';

export type GatewayService = Service & {
  readonly log: Logger;
  /** Resolves when changes of users' holds and bookings are heard. */
  readonly heard: Promise<void>;
};

/** Starts the one origin in front of all services. It keeps nothing that matters and owns no store. */
export async function createService(config: GatewayConfig): Promise<GatewayService> {
  const log = createLogger('gateway', config.LOG_LEVEL);
  const { version } = packageJson;
  const urls: Record<Upstream, string> = {
    auth: config.AUTH_URL,
    catalog: config.CATALOG_URL,
    booking: config.BOOKING_URL,
  };
  const limits = { connectMs: config.UPSTREAM_CONNECT_MS, idleMs: config.UPSTREAM_IDLE_MS };
  const forwarders: Record<Upstream, Forwarder> = {
    auth: createForwarder({ target: urls.auth, ...limits }),
    catalog: createForwarder({ target: urls.catalog, ...limits }),
    booking: createForwarder({ target: urls.booking, ...limits }),
  };
  const metrics = createMetrics('gateway');
  const bus = createKafkaBus({
    brokers: config.KAFKA_BROKERS,
    clientId: 'gateway',
    topicPrefix: config.TOPIC_PREFIX,
    log,
  });
  const live = openLive({ config, bus, log, metrics });
  const dependencies = {
    redis: { ping: live.pingRedis, required: false },
    kafka: { ping: bus.ping, required: false },
  };
  const http = await serve({
    service: 'gateway',
    version,
    description: 'One origin: forwards /api to the services, shows the health of them all.',
    host: config.HOST,
    port: config.PORT,
    routes: [indexRoute(version), ...live.routes],
    log,
    metrics,
    verifyToken: createTokenVerifier(`${urls.auth}/.well-known/jwks.json`),
    dependencies,
    health: () => askAll({ version, urls, dependencies }),
    document: createDocument(urls),
    before: forwardApi(forwarders),
    upgrades: live.upgrades,
  });
  return {
    url: http.url,
    log,
    heard: live.heard,
    stop: () =>
      closeAll(
        live.stop,
        http.stop,
        bus.close,
        ...Object.values(forwarders).map((one) => one.close),
      ),
  };
}

/** Forwards what the table gives to a service; the rest goes on to the gateway's own routes. */
function forwardApi(forwarders: Readonly<Record<Upstream, Forwarder>>): Middleware {
  return async (ctx, next) => {
    const chosen = hasMisframedBody(ctx.req)
      ? refused('invalid_request', `${ctx.method} takes no chunked body here: leave it out.`)
      : chooseUpstream(ctx.req.url ?? '');
    if (chosen === undefined) return next();
    const origin = ctx.state.origin as Origin;
    if (isRefusal(chosen)) {
      const problem = problemOfRefusal(chosen, origin.requestId);
      ctx.status = problem.status;
      ctx.body = JSON.stringify(problem);
      ctx.type = PROBLEM_TYPE;
      return;
    }
    ctx.state.route = chosen;
    prepareHeaders(ctx.req, origin);
    await forwarders[chosen].forward(ctx.req, ctx.res);
    // Nobody sees it, the metrics do: the client closed the request (nginx counts it as 499).
    if (!ctx.headerSent) ctx.res.statusCode = 499;
    ctx.respond = false;
  };
}
