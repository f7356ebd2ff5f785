import {
  readSeatMap,
  SEAT_MAP_ID_HEADER,
  SEAT_MAP_TYPE,
  type SeatCode,
  type SeatMap,
} from '@holdfast/shared/contracts/seat-map.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import type { EventMaps } from './event-maps.ts';
import { encode, type SeatChange } from './frames.ts';
import type { Post } from './post.ts';
import type { Subscriber } from './subscriber.ts';

/** A map as catalog gave it last, and who was told all of it. */
type Seen = {
  readonly etag: string;
  readonly id: string;
  readonly bytes: Buffer;
  readonly map: SeatMap;
  readonly told: WeakSet<Subscriber>;
};

const LIMIT_MS = 2_000;
const AT_ONCE = 8;

/**
 * While Redis is away, asks catalog itself for the maps that are followed. Each follower gets the
 * whole map once and then what changed, at the pace of these rounds.
 */
export function createMapPolling(options: {
  catalogUrl: string;
  maps: Pick<EventMaps, 'followersInTheDark' | 'isStale'>;
  post: Post;
  log: Logger;
}) {
  const { catalogUrl, maps, post, log } = options;
  const seen = new Map<string, Seen>();

  /** One look at each map; never throws. */
  async function round(): Promise<void> {
    const followers = [...maps.followersInTheDark()];
    if (followers.length === 0) seen.clear();
    for (let at = 0; at < followers.length; at += AT_ONCE) {
      await Promise.all(
        followers.slice(at, at + AT_ONCE).map(async ([eventId, subscribers]) => {
          try {
            await look(eventId, subscribers);
          } catch (error) {
            log.debug('live.map_not_read', { eventId, error: describeError(error) });
          }
        }),
      );
    }
  }

  async function look(eventId: string, subscribers: readonly Subscriber[]): Promise<void> {
    const before = seen.get(eventId);
    const response = await fetch(new URL(`/api/events/${eventId}/seat-map`, catalogUrl), {
      headers: { accept: SEAT_MAP_TYPE, ...(before && { 'if-none-match': before.etag }) },
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const now = response.status === 304 ? before : readAnswer(response, bytes, before);
    // What the streams tell again is newer than this answer.
    if (now === undefined || !maps.isStale()) return;
    seen.set(eventId, now);
    const { id } = now;
    const changes = before === undefined ? [] : changesBetween(before.map, now.map);
    const told = subscribers.filter((subscriber) => now.told.has(subscriber));
    if (changes.length > 0) post.give(encode({ type: 'SEAT_CHANGES', eventId, id, changes }), told);
    const newcomers = subscribers.filter((subscriber) => !now.told.has(subscriber));
    if (newcomers.length === 0) return;
    const map = now.bytes.toString('base64');
    post.give(encode({ type: 'SNAPSHOT', eventId, id, map }), newcomers);
    for (const newcomer of newcomers) now.told.add(newcomer);
  }

  return { round };
}

/** The map of an answer. Those who were told an earlier one know this by its changes, if they can. */
function readAnswer(response: Response, bytes: Buffer, before: Seen | undefined): Seen | undefined {
  const map = response.ok ? readSeatMap(bytes) : undefined;
  if (map === undefined) return undefined;
  const isSamePlan =
    before?.map.planVersion === map.planVersion && before.map.codes.length === map.codes.length;
  return {
    etag: response.headers.get('etag') ?? '',
    id: response.headers.get(SEAT_MAP_ID_HEADER) ?? '',
    bytes,
    map,
    told: isSamePlan ? before.told : new WeakSet(),
  };
}

function changesBetween(before: SeatMap, now: SeatMap): SeatChange[] {
  const changes: SeatChange[] = [];
  for (const [order, code] of now.codes.entries()) {
    if (before.codes[order] !== code) changes.push([order, code as SeatCode]);
  }
  return changes;
}
