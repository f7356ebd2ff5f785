import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** An answer of Holdfast's HTTP API. */
export type Answer<T> = { status: number; body: T; problem: { code: string; detail: string } };

type Call = { token?: string | undefined; key?: string | undefined; body?: object };

const TRIES = 40;

/**
 * A plain HTTP client of the gateway. A 503, a time-out or a lost connection is tried again with
 * the same Idempotency-Key, as the API asks of its clients; every other answer is final.
 */
export function createApi(origin: string) {
  let retries = 0;
  const dispatcher = new Agent({ connections: 96, pipelining: 1, headersTimeout: 40_000 });

  async function once<T>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    call: Call,
  ): Promise<Answer<T>> {
    const { statusCode, body } = await request(origin + path, {
      method,
      dispatcher,
      headers: {
        ...(call.token && { authorization: `Bearer ${call.token}` }),
        ...(call.key && { 'idempotency-key': call.key }),
        ...(call.body && { 'content-type': 'application/json' }),
      },
      body: call.body ? JSON.stringify(call.body) : null,
    });
    const text = await body.text();
    const parsed = text === '' ? {} : JSON.parse(text);
    return { status: statusCode, body: parsed, problem: parsed };
  }

  async function call<T>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    parts: Call,
  ): Promise<Answer<T>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await once<T>(method, path, parts);
        if (answer.status !== 503 || attempt === TRIES) return answer;
      } catch (error) {
        if (attempt === TRIES) throw error;
      }
      retries += 1;
      await sleep(Math.min(50 * attempt, 500));
    }
  }

  return {
    get: <T>(path: string, token?: string) => call<T>('GET', path, { token }),
    post: <T>(path: string, body: object, options: { token?: string; key?: string } = {}) =>
      call<T>('POST', path, { ...options, body }),
    patch: <T>(path: string, body: object, options: { token?: string; key?: string } = {}) =>
      call<T>('PATCH', path, { ...options, body }),
    delete: <T>(path: string, token?: string) => call<T>('DELETE', path, { token }),
    /** How many requests had to be sent again so far. */
    retries: () => retries,
    close: () => dispatcher.close(),
  };
}

export type Api = ReturnType<typeof createApi>;

/** The body of a success; throws with the problem's words otherwise. */
export function expectSuccess<T>(what: string, answer: Answer<T>): T {
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw new Error(
    `${what} was answered ${answer.status} ${answer.problem.code}: ${answer.problem.detail}`,
  );
}
