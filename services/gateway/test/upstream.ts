import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import { readConfig } from '@holdfast/shared/config.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { gatewaySettings } from '../src/config.ts';
import type { Upstream } from '../src/routing.ts';
import { createService, type GatewayService } from '../src/service.ts';

/** A small service behind the gateway: keeps what it was asked, answers as the test says. */
export async function startUpstream(service: string, givenPort = 0) {
  const asked: { method: string; url: string; headers: IncomingMessage['headers'] }[] = [];
  const state: { answer: RequestListener; status: string } = {
    status: 'healthy',
    answer: (_request, response) => response.end(JSON.stringify({ service })),
  };
  const usual = state.answer;
  const server: Server = createServer((request, response) => {
    if (request.url === '/health') {
      response.setHeader('content-type', 'application/json');
      response.statusCode = state.status === 'unavailable' ? 503 : 200;
      const dependencies = { store: { status: 'up', required: true, latencyMs: 1 } };
      response.end(JSON.stringify({ status: state.status, service, dependencies }));
      return;
    }
    asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    state.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(givenPort, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    answerWith(listener: RequestListener) {
      state.answer = listener;
    },
    reportStatus(status: 'healthy' | 'degraded' | 'unavailable') {
      state.status = status;
    },
    reset() {
      asked.length = 0;
      state.answer = usual;
      state.status = 'healthy';
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export type TestUpstream = Awaited<ReturnType<typeof startUpstream>>;

/** A gateway on a free port that waits `idleMs` for the services at these addresses. */
export async function startGateway(
  urls: Readonly<Record<Upstream, string>>,
  idleMs: number,
  settings: Record<string, string> = {},
): Promise<GatewayService> {
  const { KAFKA_BROKERS = '', REDIS_URL = '' } = process.env;
  const topicPrefix = `gateway-${newId().slice(-12)}.`;
  const gateway = await createService(
    readConfig(gatewaySettings, {
      PORT: '0',
      LOG_LEVEL: 'silent',
      AUTH_URL: urls.auth,
      CATALOG_URL: urls.catalog,
      BOOKING_URL: urls.booking,
      UPSTREAM_CONNECT_MS: '300',
      UPSTREAM_IDLE_MS: String(idleMs),
      KAFKA_BROKERS,
      REDIS_URL,
      TOPIC_PREFIX: topicPrefix,
      ...settings,
    }),
  );
  return {
    ...gateway,
    async stop() {
      await gateway.stop();
      if (settings.KAFKA_BROKERS === undefined) await dropTopics(KAFKA_BROKERS, topicPrefix);
    },
  };
}
