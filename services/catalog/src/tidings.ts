import { monotonicMs } from '@holdfast/shared/clock.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { Redis } from 'ioredis';

const BEAT_MS = 50;
/** Silence after which changes of others may go unheard; with 150 ms of kept life below 250 ms. */
const MOST_SILENCE_MS = 150;
/** More unsaid tags than this are said as one: everything. */
const MOST_UNSAID = 1_000;
const EVERYTHING = '*';

/** Word of changes between the processes of this catalog. It carries no safety. */
export type Tidings = {
  /** Tells the other processes what has changed; never waits, never fails. */
  tell(tags: readonly string[]): void;
  /** Whether what others tell is heard at once; false without Redis. */
  isSure(): boolean;
  close(): void;
};

/**
 * Passes on what has changed through Redis. Each process also hears a beat of its own come back:
 * a wire that went quiet shows within 150 ms, and after a break all that was kept is forgotten.
 */
export function openTidings(options: {
  redisUrl: string | undefined;
  prefix: string;
  log: Logger;
  hear: (tags: readonly string[]) => void;
  /** Tidings may have been missed. */
  missed: () => void;
}): Tidings {
  const { redisUrl, prefix, log } = options;
  if (redisUrl === undefined) {
    return { tell: () => undefined, isSure: () => false, close: () => undefined };
  }
  const connect = () => {
    const client = new Redis(redisUrl, {
      connectTimeout: 1_000,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      retryStrategy: (tries) => Math.min(tries * 50, 1_000),
    });
    client.on('error', (error) => log.debug('tidings.unreachable', { error: error.message }));
    return client;
  };
  const changed = `${prefix}:changed`;
  const beat = `${prefix}:beat:${newId()}`;
  const speaker = connect();
  const listener = connect();
  let heardAt = Number.NEGATIVE_INFINITY;
  /** What could not be told while Redis was away; told as soon as it is back. */
  let unsaid = new Set<string>();

  listener.on('ready', () => {
    heardAt = Number.NEGATIVE_INFINITY;
    listener
      .subscribe(changed, beat)
      .then(options.missed)
      // The connection broke again: the next one subscribes.
      .catch(() => listener.disconnect(true));
  });
  listener.on('close', () => {
    heardAt = Number.NEGATIVE_INFINITY;
  });
  listener.on('message', (channel: string, text: string) => {
    if (channel === beat) heardAt = monotonicMs();
    else if (text === EVERYTHING) options.missed();
    else options.hear(JSON.parse(text) as string[]);
  });

  function tell(tags: readonly string[]): void {
    const sayLater = () => {
      for (const tag of tags) unsaid.add(tag);
      if (unsaid.size > MOST_UNSAID) unsaid = new Set([EVERYTHING]);
    };
    if (speaker.status === 'ready') {
      const text = tags.includes(EVERYTHING) ? EVERYTHING : JSON.stringify(tags);
      speaker.publish(changed, text).catch(sayLater);
    } else {
      sayLater();
    }
  }
  speaker.on('ready', () => {
    const late = [...unsaid];
    unsaid = new Set();
    if (late.length > 0) tell(late);
  });
  const beating = setInterval(() => {
    if (speaker.status === 'ready') speaker.publish(beat, '').catch(() => undefined);
  }, BEAT_MS);
  beating.unref();

  return {
    tell,
    isSure: () => monotonicMs() - heardAt < MOST_SILENCE_MS,
    close() {
      clearInterval(beating);
      speaker.disconnect();
      listener.disconnect();
    },
  };
}
