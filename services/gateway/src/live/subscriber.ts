import type { Frame } from './frames.ts';

/** One connection that frames go to: a WebSocket or a stream of server-sent events. */
export type Subscriber = {
  /** Who it belongs to, where somebody logged in. */
  readonly userId: string | undefined;
  /** The events whose changes it gets, or waits to get. */
  readonly events: Set<string>;
  /** Bytes that its connection has not taken yet. */
  unsentBytes(): number;
  /** Sends frames together, at once. */
  write(frames: readonly Frame[]): void;
  /** Ends the connection; the code is a WebSocket's (RFC 6455, 7.4, and 4000 upwards our own). */
  end(code: number, reason: string): void;
};

/** Why connections are ended from here. */
export const ENDINGS = {
  goingAway: [1012, 'The gateway restarts: connect again'],
  misbehaved: [1008, 'Too many frames that can not be read'],
  slow: [1013, 'The connection does not keep up: connect again later'],
  idle: [4000, 'Nothing was subscribed to'],
  replaced: [4001, 'The account has opened too many newer connections'],
} as const satisfies Record<string, readonly [code: number, reason: string]>;
