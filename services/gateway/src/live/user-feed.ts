import type { Bus } from '@holdfast/shared/bus/bus.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { encode } from './frames.ts';
import type { Post } from './post.ts';
import type { Subscriber } from './subscriber.ts';
import { frameOf, userOf } from './user-frames.ts';

/**
 * Tells users of their own holds and bookings, from the messages on Kafka. The group is this
 * process's own and begins now: every gateway hears every message, and what was said while nobody
 * listened is read from the services instead.
 */
export function createUserFeed({ bus, post }: { bus: Bus; post: Post }) {
  const byUser = new Map<string, Set<Subscriber>>();

  const { joined } = bus.subscribe({
    group: `live-${newId()}`,
    topics: ['catalog.holds', 'booking.bookings'],
    from: 'now',
    onMessage: async (message) => {
      const theirs = byUser.get(userOf(message) ?? '');
      if (theirs === undefined) return;
      const frame = frameOf(message);
      if (frame !== undefined) post.give(encode(frame), theirs);
    },
  });

  return {
    /** Resolves when changes are heard. */
    joined,
    subscribe(subscriber: Subscriber, userId: string): void {
      const theirs = byUser.get(userId) ?? new Set();
      byUser.set(userId, theirs.add(subscriber));
      post.give(encode({ type: 'SUBSCRIBED_USER', userId }), [subscriber]);
    },
    leave(subscriber: Subscriber): void {
      const { userId } = subscriber;
      const theirs = userId === undefined ? undefined : byUser.get(userId);
      if (userId === undefined || !theirs?.delete(subscriber)) return;
      if (theirs.size === 0) byUser.delete(userId);
    },
    follows: (subscriber: Subscriber): boolean =>
      byUser.get(subscriber.userId ?? '')?.has(subscriber) === true,
  };
}

export type UserFeed = ReturnType<typeof createUserFeed>;
