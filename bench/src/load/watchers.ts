import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type WatchOrder =
  /** Opens so many sockets, of which `sampled` read what they get. */
  | {
      do: 'open';
      url: string;
      path: string;
      /** A frame that each sends once it is open. */
      subscribe?: string;
      sockets: number;
      sampled: number;
    }
  /** What has come since it was taken last. */
  | { do: 'take' }
  /** The same, and it stays. */
  | { do: 'count' }
  | { do: 'close' };

export type WatchAnswer = {
  open: number;
  /** Sockets that the other side ended. */
  lost: number;
  bytes: number;
  /** Of the sockets that read: a seat's place in the plan and the instant, in turns. */
  arrivals: Float64Array;
};

const PROGRAM = fileURLToPath(new URL('./watch.ts', import.meta.url));

/** Many sockets in a process of their own; it ends with this one. */
export function startWatchers() {
  const child = fork(PROGRAM, [], { serialization: 'advanced' });
  const exited = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    async ask(order: WatchOrder): Promise<WatchAnswer> {
      child.send(order);
      const [message] = await Promise.race([
        once(child, 'message') as Promise<[{ answer?: WatchAnswer; error?: string }]>,
        exited.then(([status]): never => {
          throw new Error(`The process with the sockets ended with ${status}`);
        }),
      ]);
      if (message.answer === undefined) throw new Error(`The sockets failed: ${message.error}`);
      return message.answer;
    },
    async stop(): Promise<void> {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

export type Watchers = ReturnType<typeof startWatchers>;
