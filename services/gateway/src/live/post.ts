import type { Metrics } from '@holdfast/shared/metrics.ts';
import type { Frame } from './frames.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * Keeps the frames of a round and sends each subscriber its own together: as rounds come ten times
 * a second, so do messages at most.
 */
export function createPost(metrics: Metrics) {
  const frames = metrics.counter('holdfast_live_frames_total', 'Frames sent, by type', ['type']);
  const bytes = metrics.counter('holdfast_live_bytes_total', 'Bytes of frames sent');
  const kept = new Map<Subscriber, readonly Frame[]>();

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
    deliver(): void {
      for (const [subscriber, theirs] of kept) subscriber.write(theirs);
      kept.clear();
    },
    forget(subscriber: Subscriber): void {
      kept.delete(subscriber);
    },
  };
}

export type Post = ReturnType<typeof createPost>;
