import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Metrics } from '@holdfast/shared/metrics.ts';
import type { Frame } from './frames.ts';
import type { Subscriber } from './subscriber.ts';

/** So many are written to before others get a turn of the event loop. */
const WRITES_A_TURN = 500;

/**
 * Keeps the frames of a round and sends each subscriber its own together: as rounds come ten times
 * a second, so do messages at most.
 */
export function createPost(metrics: Metrics) {
  const frames = metrics.counter('holdfast_live_frames_total', 'Frames sent, by type', ['type']);
  const bytes = metrics.counter('holdfast_live_bytes_total', 'Bytes of frames sent');
  let kept = new Map<Subscriber, readonly Frame[]>();

  return {
    /** One frame for many; all of them share its bytes. */
    give(frame: Frame, subscribers: Iterable<Subscriber>): void {
      const alone = [frame];
      let count = 0;
      for (const subscriber of subscribers) {
        const before = kept.get(subscriber);
        kept.set(subscriber, before === undefined ? alone : [...before, frame]);
        count += 1;
      }
      frames.inc({ type: frame.frame.type }, count);
      bytes.inc(count * frame.json.length);
    },
    /** Sends what was given; ten thousand writes take a while, in which others are served too. */
    async deliver(): Promise<void> {
      const sending = kept;
      kept = new Map();
      let written = 0;
      for (const [subscriber, theirs] of sending) {
        subscriber.write(theirs);
        written += 1;
        if (written % WRITES_A_TURN === 0) await nextTurn();
      }
    },
  };
}

export type Post = ReturnType<typeof createPost>;
