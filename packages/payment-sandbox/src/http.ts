import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import Koa, { type Context } from 'koa';
import { answerRefused, providerFailure, type Refused, refuse } from './answer.ts';
import { makeId } from './ids.ts';

export type State = { requestId: string };
export type App = Koa<State>;

const LARGEST_BODY_BYTES = 64 * 1024;

/** A Koa application that names each request and answers every failure as Stripe does. */
export function createApp(log: Logger): App {
  const app: App = new Koa();
  app.silent = true;
  app.use(async (context, next) => {
    context.state.requestId = makeId('req');
    context.set('request-id', context.state.requestId);
    const version = context.get('stripe-version');
    if (version !== '') context.set('stripe-version', version);
    try {
      await next();
      if (context.body === undefined && context.status === 404) {
        sendRefusal(
          context,
          refuse(`Unrecognized request URL (${context.method}: ${context.path}).`, {
            status: 404,
          }),
        );
      }
    } catch (error) {
      // The client hung up in the middle of its request: nothing was done, nobody listens.
      if (context.req.destroyed && !context.req.complete) return;
      log.error('request.failed', {
        requestId: context.state.requestId,
        method: context.method,
        path: context.path,
        error: describeError(error),
        stack: error instanceof Error ? error.stack : undefined,
      });
      context.status = providerFailure.status;
      context.body = providerFailure.body;
    }
  });
  return app;
}

export function sendRefusal(context: Context, refusal: Refused): void {
  const { status, body } = answerRefused(refusal);
  context.status = status;
  context.body = body;
}

/** Takes the secret key as a bearer token or as the user name of basic authentication. */
export function requireKey(secretKey: string): Koa.Middleware<State> {
  const expected = digest(secretKey);
  return async (context, next) => {
    const given = readKey(context.get('authorization'));
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return next();
    context.set('www-authenticate', 'Bearer realm="Stripe"');
    sendRefusal(
      context,
      refuse(
        given === undefined
          ? 'You did not provide an API key. Send it as `Authorization: Bearer YOUR_SECRET_KEY`.'
          : `Invalid API Key provided: ${given.slice(0, 8)}***`,
        { status: 401 },
      ),
    );
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function readKey(header: string): string | undefined {
  const [scheme = '', value = ''] = header.split(' ');
  if (scheme.toLowerCase() === 'bearer') return value || undefined;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  return Buffer.from(value, 'base64').toString().split(':')[0] || undefined;
}

/** The body as text; a refusal when it is over 64 KiB. */
export async function readBody(request: IncomingMessage): Promise<string | Refused> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= LARGEST_BODY_BYTES) chunks.push(chunk);
  }
  return bytes <= LARGEST_BODY_BYTES
    ? Buffer.concat(chunks).toString()
    : refuse(`The request body is over ${LARGEST_BODY_BYTES} bytes.`, { status: 413 });
}
