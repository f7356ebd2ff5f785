import { monotonicMs } from '@holdfast/shared/clock.ts';
import { SEAT_MAP_START, writeSeatMapId } from '@holdfast/shared/contracts/seat-map.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import type { Metrics } from '@holdfast/shared/metrics.ts';
import { encode, type Frame } from './frames.ts';
import type { Post } from './post.ts';
import { createSeatState, instantOf, type SeatState } from './seat-state.ts';
import type { Reading, SeatStreams } from './seat-streams.ts';
import { ENDINGS, type Subscriber } from './subscriber.ts';

/** An event that somebody looks at. */
type Room = {
  readonly eventId: string;
  /** Undefined until its stream has been read, and while Redis is away. */
  state: SeatState | undefined;
  /** Those who get each change. */
  readonly members: Set<Subscriber>;
  /** Those who are to be let in, with the position they were at. */
  readonly waiting: Map<Subscriber, string | undefined>;
  /** Those who do not keep up: where they were cut off, and when. */
  readonly slow: Map<Subscriber, { since: string; atMs: number }>;
};

/** A connection that takes nothing for so long is given up. */
const SLOW_LIMIT_MS = 30_000;
/** Where somebody is who came without a position while Redis was away: he needs a snapshot then. */
const NOWHERE = writeSeatMapId({ epoch: 'away', streamId: SEAT_MAP_START });

/**
 * The seat maps that this process's subscribers look at. Each round reads the streams once for all
 * of them and gives every member the same frame. Whoever can not be told what he missed is told to
 * take a snapshot, and gets the changes after it like everybody.
 */
export function createEventMaps(options: {
  streams: SeatStreams;
  post: Post;
  metrics: Metrics;
  log: Logger;
  /** A connection with more unsent bytes than this gets no changes until it took them. */
  mostUnsentBytes: number;
}) {
  const { streams, post, log, mostUnsentBytes } = options;
  const { staleness, resyncs } = createMeasures(options.metrics);
  const rooms = new Map<string, Room>();
  let stale = false;

  function subscribe(subscriber: Subscriber, eventId: string, since: string | undefined): void {
    const room = rooms.get(eventId) ?? createRoom(eventId);
    rooms.set(eventId, room);
    room.members.delete(subscriber);
    room.slow.delete(subscriber);
    room.waiting.set(subscriber, stale ? (since ?? NOWHERE) : since);
    subscriber.events.add(eventId);
    if (stale) post.give(encode({ type: 'STALE', eventId }), [subscriber]);
  }

  function unsubscribe(subscriber: Subscriber, eventId: string): void {
    subscriber.events.delete(eventId);
    const room = rooms.get(eventId);
    if (room === undefined) return;
    for (const group of [room.members, room.waiting, room.slow]) group.delete(subscriber);
    if (room.members.size + room.waiting.size + room.slow.size === 0) rooms.delete(eventId);
  }

  /** One look at Redis and what follows from it; never throws. */
  async function round(): Promise<void> {
    if (rooms.size === 0) return;
    const toOpen = [...rooms.values()].filter(({ state }) => state === undefined);
    const toFollow = new Map<string, string>();
    for (const { eventId, state } of rooms.values()) {
      if (state !== undefined) toFollow.set(eventId, state.lastId());
    }
    let reading: Reading;
    try {
      reading = await streams.read(
        toOpen.map(({ eventId }) => eventId),
        toFollow,
      );
    } catch (error) {
      if (!stale) log.warn('live.redis_lost', { error: describeError(error) });
      loseSight();
      return;
    }
    if (stale) log.info('live.redis_back', { epoch: reading.epoch });
    stale = false;
    const readAtMs = monotonicMs();
    const oldest: number[] = [];
    // While Redis was asked, rooms may have come and gone.
    for (const room of rooms.values()) advance(room, reading, oldest);
    await post.deliver();
    const nowMs = reading.nowMs + monotonicMs() - readAtMs;
    for (const instant of oldest) staleness.observe(Math.max(0, nowMs - instant) / 1_000);
  }

  function advance(room: Room, reading: Reading, oldest: number[]): void {
    const found = reading.found.get(room.eventId);
    if (room.state === undefined) {
      if (found === undefined) return;
      room.state = createSeatState(found);
    } else if (room.state.epoch !== reading.epoch) {
      // Entries may have been lost between: read anew, and see who can be told what.
      keepWaiting(room, room.state);
      return;
    }
    const { state } = room;
    const before = state.position();
    const arrived = reading.arrived.get(room.eventId) ?? [];
    const changes = state.advance(arrived, reading.nowMs);
    dropSlow(room, before);
    if (changes.length > 0) {
      const { eventId } = room;
      const frame = encode({ type: 'SEAT_CHANGES', eventId, id: state.position(), changes });
      post.give(frame, room.members);
    }
    if (arrived[0] !== undefined && room.members.size > 0) oldest.push(instantOf(arrived[0].id));
    readmit(room);
    admit(room, state, reading.nowMs);
  }

  /** Lets in who waits, each told first what he missed or that he needs a snapshot. */
  function admit(room: Room, state: SeatState, nowMs: number): void {
    if (room.waiting.size === 0) return;
    const { eventId } = room;
    const id = state.position();
    const subscribed = encode({ type: 'SUBSCRIBED', eventId, id });
    const missedSince = new Map<string, Frame[]>();
    for (const [subscriber, since] of room.waiting) {
      let frames = since === undefined ? [subscribed] : missedSince.get(since);
      if (frames === undefined) {
        frames = framesSince(state, eventId, since ?? id, nowMs, subscribed);
        missedSince.set(since ?? id, frames);
      }
      for (const frame of frames) {
        post.give(frame, [subscriber]);
        if (frame.frame.type === 'SNAPSHOT_NEEDED') resyncs.inc({ reason: frame.frame.reason });
      }
      room.members.add(subscriber);
    }
    room.waiting.clear();
  }

  /** Redis does not answer: everybody keeps his position, and is let in again when it is back. */
  function loseSight(): void {
    for (const room of rooms.values()) {
      if (!stale) {
        const frame = encode({ type: 'STALE', eventId: room.eventId });
        post.give(frame, [...room.members, ...room.waiting.keys()]);
      }
      if (room.state) keepWaiting(room, room.state);
      for (const [subscriber, since] of room.waiting) {
        room.waiting.set(subscriber, since ?? NOWHERE);
      }
    }
    stale = true;
  }

  function dropSlow(room: Room, since: string): void {
    for (const member of room.members) {
      if (member.unsentBytes() <= mostUnsentBytes) continue;
      room.members.delete(member);
      room.slow.set(member, { since, atMs: monotonicMs() });
      resyncs.inc({ reason: 'slow' });
    }
  }

  /** Those who took what they had been sent wait to be told what they missed. */
  function readmit(room: Room): void {
    for (const [subscriber, { since, atMs }] of room.slow) {
      if (subscriber.unsentBytes() === 0) {
        room.slow.delete(subscriber);
        room.waiting.set(subscriber, since);
      } else if (monotonicMs() - atMs > SLOW_LIMIT_MS) {
        subscriber.end(...ENDINGS.slow);
      }
    }
  }

  return {
    subscribe,
    unsubscribe,
    round,
    leave(subscriber: Subscriber): void {
      for (const eventId of subscriber.events) unsubscribe(subscriber, eventId);
    },
    /** Whether Redis is away. */
    isStale: () => stale,
    /** While Redis is away: who follows which event. */
    followersInTheDark(): Map<string, Subscriber[]> {
      if (!stale) return new Map();
      return new Map([...rooms.values()].map((room) => [room.eventId, [...room.waiting.keys()]]));
    },
    /** How many follow an event, over all events. */
    subscriptions: () =>
      [...rooms.values()].reduce(
        (sum, { members, waiting, slow }) => sum + members.size + waiting.size + slow.size,
        0,
      ),
  };
}

export type EventMaps = ReturnType<typeof createEventMaps>;

function createRoom(eventId: string): Room {
  return { eventId, state: undefined, members: new Set(), waiting: new Map(), slow: new Map() };
}

/** Members wait again, with the position they are at; the room is to be opened anew. */
function keepWaiting(room: Room, state: SeatState): void {
  for (const member of room.members) room.waiting.set(member, state.position());
  room.members.clear();
  room.state = undefined;
}

function framesSince(
  state: SeatState,
  eventId: string,
  since: string,
  nowMs: number,
  subscribed: Frame,
): Frame[] {
  const id = state.position();
  const missed = state.since(since, nowMs);
  if (typeof missed === 'string') {
    const address = `/api/events/${eventId}/seat-map`;
    return [encode({ type: 'SNAPSHOT_NEEDED', eventId, id, reason: missed, address })];
  }
  if (missed.length === 0) return [subscribed];
  return [subscribed, encode({ type: 'SEAT_CHANGES', eventId, id, changes: missed })];
}

function createMeasures(metrics: Metrics) {
  return {
    resyncs: metrics.counter(
      'holdfast_live_resyncs_total',
      'Subscribers cut off (slow) or told to take a snapshot, by reason',
      ['reason'],
    ),
    staleness: metrics.histogram(
      'holdfast_live_staleness_seconds',
      'From the entry in the stream until it was given to every socket',
      [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5],
    ),
  };
}
