import type { Program } from './bench.ts';
import type { Buyer } from './issuer.ts';

export type Answer<T> = { readonly status: number; readonly body: T };

/** One request of a person who waits for the answer; loads are made by a generator instead. */
export async function ask<T>(
  { url }: Pick<Program, 'url'>,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  of: { as?: Buyer; body?: object } = {},
): Promise<Answer<T>> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(of.as && { authorization: `Bearer ${of.as.token}` }),
      ...(of.body && { 'content-type': 'application/json' }),
    },
    ...(of.body && { body: JSON.stringify(of.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as T };
}

/** The body of an answer that must be a success. */
export async function askFor<T>(...asked: Parameters<typeof ask>): Promise<T> {
  const { status, body } = await ask<T>(...asked);
  const [, method, path] = asked;
  if (status < 300) return body;
  throw new Error(`${method} ${path} was answered ${status}: ${JSON.stringify(body)}`);
}
