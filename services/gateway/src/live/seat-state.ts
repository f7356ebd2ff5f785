import {
  readSeatMapId,
  SEAT_MAP_START,
  SEAT_MAP_STREAM_LENGTH,
  type SeatCode,
  type SeatDelta,
  type SeatMapEntry,
  writeSeatMapId,
} from '@holdfast/shared/contracts/seat-map.ts';
import type { ResyncReason, SeatChange } from './frames.ts';

/** An entry of an event's stream with its id. */
export type StreamEntry = SeatMapEntry & { readonly id: string };

/** An event's stream as it was found when it was opened. */
export type FoundStream = {
  readonly epoch: string;
  readonly lastId: string;
  readonly entries: readonly StreamEntry[];
  /** Whether older entries have been dropped. */
  readonly trimmed: boolean;
};

type Known = { version: number; code: SeatCode; endsAtMs: number };

/**
 * What this process knows of an event's seats: those that the stream told of, which is what a
 * client that missed something has to be told. Pure; times are arguments, in the store's clock.
 */
export function createSeatState(found: FoundStream) {
  const { epoch } = found;
  const known = new Map<number, Known>();
  const endings = new Map<number, number>();
  let entries: { id: string; orders: readonly number[] }[] = [];
  let lastId = found.lastId;
  /** The earliest id from which everything after it is among the entries. */
  let oldestId = found.trimmed ? (found.entries[0]?.id ?? lastId) : SEAT_MAP_START;
  let nextEndMs = Number.POSITIVE_INFINITY;

  function codeAt({ code, endsAtMs }: Known, nowMs: number): SeatCode {
    return code === 1 && endsAtMs <= nowMs ? 0 : code;
  }

  /** Keeps the higher version of a seat; repeats and late arrivals change nothing. */
  function learn([order, version, code, endsAtMs]: SeatDelta): boolean {
    const before = known.get(order);
    if (before !== undefined && before.version >= version) return false;
    const ends = code === 1 && endsAtMs > 0 ? endsAtMs : Number.POSITIVE_INFINITY;
    known.set(order, { version, code, endsAtMs: ends });
    if (ends === Number.POSITIVE_INFINITY) {
      endings.delete(order);
    } else {
      endings.set(order, ends);
      nextEndMs = Math.min(nextEndMs, ends);
    }
    return true;
  }

  function read(arrived: readonly StreamEntry[]): Set<number> {
    const changed = new Set<number>();
    for (const { id, changes } of arrived) {
      for (const change of changes) if (learn(change)) changed.add(change[0]);
      entries.push({ id, orders: changes.map(([order]) => order) });
      if (compareIds(id, lastId) > 0) lastId = id;
    }
    // As many as the stream keeps; they go in lots.
    if (entries.length > SEAT_MAP_STREAM_LENGTH * 1.25) {
      oldestId = entries[entries.length - SEAT_MAP_STREAM_LENGTH - 1]?.id ?? oldestId;
      entries = entries.slice(-SEAT_MAP_STREAM_LENGTH);
    }
    return changed;
  }

  /** Held seats whose end has come; each is told once. */
  function endedBy(nowMs: number, changed: Set<number>): void {
    if (nowMs < nextEndMs) return;
    nextEndMs = Number.POSITIVE_INFINITY;
    for (const [order, endsAtMs] of endings) {
      if (endsAtMs > nowMs) {
        nextEndMs = Math.min(nextEndMs, endsAtMs);
      } else {
        endings.delete(order);
        changed.add(order);
      }
    }
  }

  function changesOf(orders: Iterable<number>, nowMs: number): SeatChange[] {
    const changes: SeatChange[] = [];
    for (const order of orders) {
      const seat = known.get(order);
      if (seat !== undefined) changes.push([order, codeAt(seat, nowMs)]);
    }
    return changes;
  }

  read(found.entries);
  return {
    epoch,
    /** Where this state stands, as clients know it. */
    position: () => writeSeatMapId({ epoch, streamId: lastId }),
    /** Where to read on. */
    lastId: () => lastId,

    /** Takes new entries and the time; answers each seat that changed, once, as it is now. */
    advance(arrived: readonly StreamEntry[], nowMs: number): SeatChange[] {
      const changed = read(arrived);
      endedBy(nowMs, changed);
      return changesOf(changed, nowMs);
    },

    /**
     * What somebody who was at this position has missed, each seat as it is now; or why that can
     * not be said and a snapshot is needed.
     */
    since(position: string, nowMs: number): SeatChange[] | ResyncReason {
      const place = readSeatMapId(position);
      if (place?.epoch !== epoch) return 'epoch';
      const id = place.streamId;
      if (compareIds(id, lastId) > 0) return 'position_unknown';
      if (compareIds(id, oldestId) < 0) return 'gap';
      const orders = new Set<number>();
      for (let at = entries.length - 1; at >= 0; at -= 1) {
        const entry = entries[at];
        if (entry === undefined || compareIds(entry.id, id) <= 0) break;
        for (const order of entry.orders) orders.add(order);
      }
      // Holds that were there already may have ended since.
      const wasAtMs = instantOf(id);
      for (const [order, { code, endsAtMs }] of known) {
        if (code === 1 && endsAtMs > wasAtMs && endsAtMs <= nowMs) orders.add(order);
      }
      return changesOf(orders, nowMs);
    },
  };
}

export type SeatState = ReturnType<typeof createSeatState>;

/** Orders ids of Redis streams, `<milliseconds>-<sequence>`. */
export function compareIds(one: string, other: string): number {
  const [ms = '0', seq = '0'] = one.split('-');
  const [otherMs = '0', otherSeq = '0'] = other.split('-');
  return Number(ms) - Number(otherMs) || Number(seq) - Number(otherSeq);
}

/** The instant at which an entry was written, by Redis's clock. */
export function instantOf(id: string): number {
  return Number(id.split('-')[0]);
}
