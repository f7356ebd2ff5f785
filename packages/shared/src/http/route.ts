import type Joi from 'joi';
import type { Role } from '../contracts/users.ts';
import type { Refusal } from '../errors.ts';
import type { Origin } from '../origin.ts';
import type { RefusalCode } from '../refusals.ts';
import type { Actor } from '../tokens.ts';

/** What a route's `run` gets: validated parts of the request, who asks, and where it came from. */
export type RouteRequest<B, Q, P> = {
  readonly body: B;
  readonly query: Q;
  readonly params: P;
  /** The bytes of the body, where the route asked for them. */
  readonly rawBody: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly actor: Actor;
  readonly origin: Origin;
  /** Address of the other end of the connection: the client's, or that of a proxy before us. */
  readonly peer: string;
  /** The Idempotency-Key header, 1 to 255 visible characters, if sent. */
  readonly idempotencyKey: string | undefined;
  /** Aborted when the client went away or the service stops; long polls end by it. */
  readonly signal: AbortSignal;
};

export type Reply = {
  readonly kind: 'reply';
  readonly status: number;
  /** JSON, or text, bytes or a `Readable` that go out as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly keep?: Keep;
};

/** How long a 200 of a route open to anyone may be given out again without asking the route. */
export type Keep = {
  readonly forMs: number;
  /** What it tells of: a change of any of these ends it. */
  readonly tags: readonly string[];
  /** Request headers, lower case, that the answer depends on besides the address. */
  readonly vary?: readonly string[];
  /**
   * What the store has to say for the answer to be good for another `forMs`, if its keeper asks
   * (`confirm`), and how often that may be done: for `atMostMs` in all.
   */
  readonly stamp?: { readonly of: string; readonly value: string; readonly atMostMs: number };
};

export type RouteSpec<B, Q, P> = {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** koa-router path, such as `/api/holds/:holdId`. */
  readonly path: string;
  /** Unique operation id, camelCase verb first. */
  readonly id: string;
  readonly summary: string;
  readonly tag?: string;
  /** `anyone`, `login` (any valid token), or the roles of which one is needed. */
  readonly access: 'anyone' | 'login' | readonly Role[];
  readonly body?: Joi.ObjectSchema<B>;
  readonly query?: Joi.ObjectSchema<Q>;
  readonly params?: Joi.ObjectSchema<P>;
  /** By status: what is answered, with its schema and an example; JSON unless it says otherwise. */
  readonly responses: Readonly<
    Record<
      number,
      { description: string; schema?: Joi.Schema; example?: unknown; mediaType?: string }
    >
  >;
  /** Refusals the route can answer besides those that every route can. */
  readonly errors?: readonly RefusalCode[];
  /** Largest body in bytes, 64 KiB by default. */
  readonly bodyLimit?: number;
  /** Leaves the body unparsed; `rawBody` has it (webhooks). */
  readonly raw?: boolean;
  /**
   * Many ask alike: it runs once for all who ask the same at the same time, and its reply may be
   * kept (`Reply.keep`). Only for routes whose answer depends on the address and the headers it
   * names, not on who asks; it must not use `signal` or `origin`, which are the first asker's.
   */
  readonly shared?: boolean;
  /**
   * Of routes open to anyone: what is refused to nobody in particular may be there for its owner. A
   * request with a token is judged once more, with its `actor`; that answer is for it alone, is
   * never shared or kept, and says so to all caches.
   */
  readonly owned?: boolean;
  readonly run: (request: RouteRequest<B, Q, P>) => Promise<Reply | Refusal>;
};

/** A declared route with its types erased, as the server registers and documents it. */
export type Route = RouteSpec<unknown, unknown, unknown>;

type Empty = Record<string, never>;

/** Declares a route: the one place that validates, runs and documents it. */
export function route<T extends { body?: unknown; query?: unknown; params?: unknown }>(
  spec: RouteSpec<
    T extends { body: infer B } ? B : undefined,
    T extends { query: infer Q } ? Q : Empty,
    T extends { params: infer P } ? P : Empty
  >,
): Route {
  return spec as unknown as Route;
}

export function reply(
  status: number,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
  keep?: Keep,
): Reply {
  return {
    kind: 'reply',
    status,
    ...(body !== undefined && { body }),
    ...(headers && { headers }),
    ...(keep && { keep }),
  };
}
