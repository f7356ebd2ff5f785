import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Context } from 'koa';

export type HttpServer = { readonly url: string; stop(): Promise<void> };

const STOP_LIMIT_MS = 5_000;

/**
 * Who takes connections that a client asks to turn into another protocol. What it does not accept
 * is answered as any request is; what it takes it must close itself when the service stops.
 */
export type Upgrades = {
  accepts(request: IncomingMessage): boolean;
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
};

/**
 * The requests at work. Each gets a signal of its own (a shared one would gather listeners for
 * as long as the process lives), aborted when its client goes away or the server stops.
 */
export function createWork() {
  const open = new Set<AbortController>();
  let stopped = false;
  return {
    isStopped: () => stopped,
    begin(ctx: Context): AbortSignal {
      // Its client left while it was being admitted: no close will come any more.
      if (ctx.res.closed) return AbortSignal.abort();
      const controller = new AbortController();
      open.add(controller);
      // The response's close, not the request's: that one comes as soon as the body was read.
      ctx.res.once('close', () => {
        open.delete(controller);
        if (!ctx.res.writableFinished) controller.abort();
      });
      if (stopped) controller.abort();
      return controller.signal;
    },
    stop() {
      stopped = true;
      for (const controller of open) controller.abort();
    },
  };
}

export type Work = ReturnType<typeof createWork>;

/**
 * Listens until stopped. A stop lets the requests at work end within 5 s and takes no new ones;
 * connections on which nothing is asked are closed at once.
 */
export async function listen(
  listener: RequestListener,
  { host, port, upgrades }: { host: string; port: number; upgrades?: Upgrades },
  work: Work,
): Promise<HttpServer> {
  // Node counts a connection that has not asked anything yet as busy, so these are kept here.
  const unused = new Set<Socket>();
  const server = createServer(
    {
      keepAliveTimeout: 65_000,
      requestTimeout: 60_000,
      shouldUpgradeCallback: (request) => upgrades?.accepts(request) ?? false,
    },
    (request, response) => {
      unused.delete(request.socket);
      listener(request, response);
    },
  );
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    unused.delete(request.socket);
    upgrades?.take(request, socket, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host}:${address.port}`,
    async stop() {
      work.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of unused) socket.destroy();
      // A connection turns idle a moment after its answer, so one sweep does not catch them all.
      const sweep = setInterval(() => server.closeIdleConnections(), 25);
      const force = setTimeout(() => server.closeAllConnections(), STOP_LIMIT_MS);
      await closed;
      clearInterval(sweep);
      clearTimeout(force);
    },
  };
}
