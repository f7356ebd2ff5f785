import { Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import { Fault } from '@holdfast/shared/errors.ts';
import { createProxyServer } from 'http-proxy-3';

/** Headers that belong to one connection (RFC 9110, 7.6.1); framing is left to Node. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
];
/** Never dropped, whatever a Connection header names: without them a body has no end. */
const FRAMING = new Set(['content-length', 'transfer-encoding', 'host']);
/** Below the 65 s for which services keep an idle connection, so that this end closes first. */
const IDLE_CONNECTION_MS = 50_000;

/**
 * Forwards requests to one service over kept-alive connections. Bodies stream both ways and are
 * never read. A client that goes away ends the request behind it.
 */
export function createForwarder(options: { target: string; connectMs: number; idleMs: number }) {
  const { target, connectMs, idleMs } = options;
  const Agent = target.startsWith('https:') ? HttpsAgent : HttpAgent;
  const agent = new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS, maxFreeSockets: 64 });
  const proxy = createProxyServer({
    target,
    agent,
    changeOrigin: true,
    connectTimeout: connectMs,
    proxyTimeout: idleMs,
  });
  proxy.on('econnreset', () => undefined);
  proxy.on('proxyReq', (forwarded, request, response) => {
    response.once('finish', () => {
      if (request.complete) return;
      // Answered before the whole body was read, say because it is too large. The rest is read and
      // dropped: left in the pipe it would hold up the next request on the client's connection.
      request.unpipe(forwarded);
      request.resume();
      forwarded.destroy();
    });
  });
  proxy.on('proxyRes', (answer, _request, response) => {
    removeHopByHop(answer.headers);
    answer.headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close';
    // Cut off in the middle: the client must see that, not wait for the rest.
    answer.once('error', () => response.destroy());
  });

  /** Resolves when the response ended or the client left; rejects when no answer has begun. */
  function once(request: IncomingMessage, response: ServerResponse, body?: Readable) {
    return new Promise<void>((resolve, reject) => {
      response.once('close', resolve);
      proxy.web(request, response, body ? { buffer: body } : {}, (error) => {
        // A service may answer before it has read the whole body, and close: the answer counts.
        if (!response.headersSent) reject(error);
      });
    });
  }

  return {
    /**
     * Forwards a request; throws a retryable Fault `upstream_unavailable` when the service gives
     * no answer. A GET or HEAD that met a connection just closed is sent once more.
     */
    async forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const startedAt = monotonicMs();
      try {
        await once(request, response);
      } catch (cause) {
        const waited = monotonicMs() - startedAt >= Math.min(connectMs, idleMs);
        if (waited || !isClosedConnection(cause) || !isRepeatable(request)) {
          throw unavailable(cause);
        }
        await once(request, response, Readable.from([])).catch((again) => {
          throw unavailable(again);
        });
      }
    },
    close(): void {
      agent.destroy();
    },
  };
}

export type Forwarder = ReturnType<typeof createForwarder>;

/** Makes a client's headers fit to be forwarded, with the ids and addresses that go along. */
export function prepareHeaders(
  request: IncomingMessage,
  ids: { requestId: string; correlationId: string },
): void {
  const { headers, socket } = request;
  removeHopByHop(headers);
  // The gateway itself has answered "100 Continue".
  delete headers.expect;
  headers['x-request-id'] = ids.requestId;
  headers['x-correlation-id'] = ids.correlationId;
  headers['x-forwarded-for'] = [headers['x-forwarded-for'], socket.remoteAddress ?? 'unknown']
    .filter((address) => address !== undefined)
    .join(', ');
  headers['x-forwarded-proto'] ??= 'http';
  if (headers.host !== undefined) headers['x-forwarded-host'] ??= headers.host;
}

/** Whether the request announces a body in a way that the proxy library would misframe. */
export function hasMisframedBody(request: IncomingMessage): boolean {
  // http-proxy-3 puts `content-length: 0` before a chunked body of these, whose bytes the service
  // would then read as another request.
  return (
    ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(request.method ?? '') &&
    request.headers['transfer-encoding'] !== undefined
  );
}

function removeHopByHop(headers: IncomingMessage['headers']): void {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  for (const name of [...HOP_BY_HOP, ...named]) {
    if (!FRAMING.has(name)) delete headers[name];
  }
}

function isClosedConnection(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function isRepeatable({ method, headers }: IncomingMessage): boolean {
  const bodyBytes = Number(headers['content-length'] ?? 0);
  return (method === 'GET' || method === 'HEAD') && bodyBytes === 0;
}

function unavailable(cause: unknown): Fault {
  return new Fault('upstream_unavailable', 'The service behind this address does not answer', {
    retryable: true,
    cause,
  });
}
