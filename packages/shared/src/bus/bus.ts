import type { Message, Topic } from '../contracts/contract.ts';

/**
 * The bus: at-least-once delivery, in order for each key of a topic. An adapter is
 * right when it passes the suite in `bus/contract-suite.ts`.
 */
export type Bus = {
  /** Resolves when every message is stored by the broker; rejects with a retryable Fault otherwise. */
  publish(messages: readonly Message[]): Promise<void>;
  /**
   * Gives each message of the topics to `onMessage` until stopped. Messages of one key come one
   * at a time and in order, different keys in parallel. A position is committed only after
   * `onMessage` resolved. A retryable Fault is tried again without end; any other error goes, after
   * `attempts` tries, to the dead-letter topic `<topic>.dead-letter` with its reason.
   *
   * A group that is new begins with the oldest message; with `from: 'now'` it gets only those
   * published after it joined, which suits a group of one process that shows what happens.
   */
  subscribe(options: {
    group: string;
    topics: readonly Topic[];
    onMessage: (message: Message) => Promise<void>;
    attempts?: number;
    from?: 'beginning' | 'now';
    /** Most messages at work at once, 16 by default; more pay where they go to a store together. */
    atOnce?: number;
    /**
     * How long to wait for more after a fetch that brought some, none by default: for those whose
     * work nobody waits for, and is cheaper together.
     */
    gatherMs?: number;
  }): Subscription;
  /** Throws when no broker answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

export type Subscription = {
  /** Resolves when the group was joined for the first time. */
  readonly joined: Promise<void>;
  /** Stops after the messages at work; positions are committed. */
  stop(): Promise<void>;
};

export const DEAD_LETTER_SUFFIX = '.dead-letter';
