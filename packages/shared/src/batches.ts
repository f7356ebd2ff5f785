import { isOutage } from './outage.ts';

/** A run that hangs keeps its lane and its keys no longer than this. */
const PATIENCE_MS = 1_000;
/** A run that takes as long is waiting for something that may not concern the others. */
const SLOW_MS = 100;
const MOST_KEYS = 200;
const LANES = 4;

/**
 * Calls of one tick, and those made while every lane is busy, go to the store together: in order
 * of arrival, a bounded number in a batch, a few batches in flight. Items of one key go one after
 * the other. Each item has an answer of its own: an Error among the answers is that item's failure,
 * and a batch that fails as a whole is tried again in halves until what poisons it stands alone;
 * so `run` must bear a repeat. When the store is out of reach the whole batch fails at once.
 */
export function createBatches<Item, Answer>(options: {
  /** Answers the items in their order. */
  run: (items: readonly Item[]) => Promise<readonly (Answer | Error)[]>;
  /** What an item touches; no two items at work share a key. */
  keysOf: (item: Item) => readonly string[];
  /** Only items of one kind go together. */
  kindOf?: (item: Item) => string;
  /** Batches in flight. */
  lanes?: number;
  /** How many have to wait for one more batch to go beside those in flight, unless these are slow. */
  fewestBeside?: number;
  /** Most keys of a batch, all its items together. */
  mostKeys?: number;
}): (item: Item) => Promise<Answer> {
  const { run, keysOf, kindOf = () => '', lanes = LANES, mostKeys = MOST_KEYS } = options;
  const { fewestBeside = 1 } = options;
  type Waiting = {
    item: Item;
    keys: readonly string[];
    kind: string;
    resolve: (answer: Answer) => void;
    reject: (error: unknown) => void;
  };
  let waiting: Waiting[] = [];
  let running = 0;
  let slow = 0;
  let scheduled = false;
  const atWork = new Set<string>();

  function schedule(): void {
    if (scheduled || running >= lanes || waiting.length === 0) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      for (let batch = pick(); batch.length > 0; batch = pick()) start(batch);
    });
  }

  /** The next batch: whoever waits for a key keeps those behind him from overtaking at it. */
  function pick(): Waiting[] {
    if (running >= lanes || (running > slow && waiting.length < fewestBeside)) return [];
    const batch: Waiting[] = [];
    const later: Waiting[] = [];
    const awaited = new Set<string>();
    let weight = 0;
    for (const one of waiting) {
      const free = !one.keys.some((key) => atWork.has(key) || awaited.has(key));
      const fits = batch[0] === undefined || weight + one.keys.length <= mostKeys;
      if (free && fits && one.kind === (batch[0]?.kind ?? one.kind)) {
        batch.push(one);
        weight += one.keys.length;
      } else {
        later.push(one);
      }
      for (const key of one.keys) awaited.add(key);
    }
    waiting = later;
    return batch;
  }

  function start(batch: readonly Waiting[]): void {
    const keys = batch.flatMap((one) => one.keys);
    for (const key of keys) atWork.add(key);
    running += 1;
    let isSlow = false;
    const watch = setTimeout(() => {
      isSlow = true;
      slow += 1;
      schedule();
    }, SLOW_MS);
    const end = once(() => {
      clearTimeout(watch);
      running -= 1;
      if (isSlow) slow -= 1;
      for (const key of keys) atWork.delete(key);
      schedule();
    });
    const limit = setTimeout(end, PATIENCE_MS);
    settle(batch).finally(() => {
      clearTimeout(limit);
      end();
    });
  }

  async function settle(batch: readonly Waiting[]): Promise<void> {
    try {
      const answers = await run(batch.map((one) => one.item));
      for (const [index, one] of batch.entries()) {
        const answer = answers[index] as Answer | Error;
        if (answer instanceof Error) one.reject(answer);
        else one.resolve(answer);
      }
    } catch (error) {
      if (batch.length > 1 && !isOutage(error)) {
        const half = batch.length >> 1;
        await Promise.all([settle(batch.slice(0, half)), settle(batch.slice(half))]);
      } else {
        for (const one of batch) one.reject(error);
      }
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, keys: keysOf(item), kind: kindOf(item), resolve, reject });
      schedule();
    });
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
