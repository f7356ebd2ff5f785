import type { Environment } from '@holdfast/stack/config.ts';
import type { StackEnvironment } from '@holdfast/stack/stack.ts';
import type { Issuer } from './issuer.ts';
import type { Generator } from './load/drive.ts';

/** A program under measurement, or one to compare with. */
export type Program = {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
};

/** What a workload runs with. */
export type Bench = {
  /** Small numbers that only show that everything works. */
  readonly quick: boolean;
  /** How often each contender is measured, after a warm-up. */
  readonly rounds: number;
  /** Makes the names of this run's databases and topics its own. */
  readonly run: string;
  readonly stores: StackEnvironment;
  readonly issuer: Issuer;
  readonly generator: Generator;
  readonly signal: AbortSignal;
  /** CPU microseconds of the stores so far; undefined for stores that somebody else runs. */
  storesCpu(): Promise<number | undefined>;
  /** The same of PostgreSQL alone, without the stand-in's. */
  postgresCpu(): Promise<number | undefined>;
  /** Closes something after the workload, however it ends; what came last goes first. */
  atEnd(close: () => Promise<void>): void;
  /** Starts a Node program and resolves when `GET ready` answers 2xx; it is stopped at the end. */
  start(program: {
    name: string;
    file: string;
    args?: readonly string[];
    env?: (port: number) => Environment;
    ready: string;
  }): Promise<Program>;
  /** Stops Redis for a while, when this run brought it up; false when it may not. */
  withoutRedis(work: () => Promise<void>): Promise<boolean>;
  /** Says what is being done, and ends the run there when it was interrupted. */
  say(text: string): void;
};
