import { brotliCompressSync, constants, crc32 } from 'node:zlib';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import {
  SEAT_MAP_ID_HEADER,
  SEAT_MAP_TYPE,
  writeSeatMap,
  writeSeatMapId,
} from '@holdfast/shared/contracts/seat-map.ts';
import { inOneWrite } from '@holdfast/shared/http/kept-answers.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { type Board, codesAt, countSeats } from './board.ts';
import type { Boards, FollowedBoard } from './boards.ts';

/** However many changes there are, a map is made anew this often at most. */
export const RENEW_MS = 100;
/** Takes 0.1 ms for 20,000 seats; higher ones take longer and save nothing on packed bits. */
const BROTLI_QUALITY = 4;

/** In what form somebody wants a map. */
export type Form = 'binary' | 'binary-br' | 'json' | 'json-br';

/** A map in one form: what is sent, and what it is known by. */
export type Snapshot = {
  body: Buffer;
  etag: string;
  headers: Readonly<Record<string, string>>;
  /** The same as names and values in turn, by status. */
  head: Readonly<Record<200 | 304, readonly string[]>>;
  /** The body for `end(…, 'latin1')`. */
  text: string | Buffer;
};

type Version = {
  revision: number;
  madeAt: number;
  /** By the store's clock: the instant it tells of, and the next at which a seat frees by itself. */
  asOfMs: number;
  nextEndMs: number;
  codes: Uint8Array;
  id: string;
  check: string;
  forms: Map<Form, Snapshot>;
};

/**
 * Seat maps as they are sent: one version for all who ask, made anew when its board has changed
 * or a hold on it has run out, 100 ms after the last at the earliest.
 */
export function createSnapshots(boards: Pick<Boards, 'find' | 'peek' | 'nowMs'>) {
  const versions = new WeakMap<FollowedBoard, Version>();
  /** Names the places of boards that were read while Redis was away; no stream goes on from them. */
  const ownEpoch = newId();

  const idOf = ({ place, revision }: FollowedBoard) =>
    writeSeatMapId(place ?? { epoch: ownEpoch, streamId: `${revision}-0` });

  function versionOf(followed: FollowedBoard): Version {
    const { revision } = followed;
    const last = versions.get(followed);
    const now = monotonicMs();
    if (last !== undefined && now - last.madeAt < RENEW_MS) return last;
    const nowMs = boards.nowMs();
    const id = idOf(followed);
    const isSame = last?.revision === revision && last.id === id && nowMs < last.nextEndMs;
    if (isSame) return last;
    const version = makeVersion(followed, id, nowMs);
    versions.set(followed, version);
    return version;
  }

  function inForm(followed: FollowedBoard, form: Form): Snapshot {
    const version = versionOf(followed);
    const made = version.forms.get(form) ?? makeSnapshot(followed.board, version, form);
    version.forms.set(form, made);
    return made;
  }

  return {
    async get(eventId: string, form: Form): Promise<Snapshot | undefined> {
      const followed = await boards.find(eventId);
      return followed && inForm(followed, form);
    },

    /** The same for one who asks alone: what is not public is not left for `peek`. */
    async look(eventId: string, form: Form): Promise<Snapshot | undefined> {
      const followed = await boards.find(eventId);
      if (followed === undefined) return undefined;
      const version = makeVersion(followed, idOf(followed), boards.nowMs());
      return makeSnapshot(followed.board, version, form);
    },

    /** Without waiting; only where `get` has answered from the same reading of the seats. */
    peek(eventId: string, form: Form): Snapshot | undefined {
      const followed = boards.peek(eventId);
      return followed && versions.has(followed) ? inForm(followed, form) : undefined;
    },
  };
}

export type Snapshots = ReturnType<typeof createSnapshots>;

function makeVersion({ board, revision }: FollowedBoard, id: string, nowMs: number): Version {
  const { codes, nextEndMs } = codesAt(board, nowMs);
  return {
    revision,
    madeAt: monotonicMs(),
    asOfMs: nowMs,
    nextEndMs,
    codes,
    id,
    check: crc32(codes).toString(36),
    forms: new Map(),
  };
}

function makeSnapshot(board: Board, version: Version, form: Form): Snapshot {
  const isJson = form.startsWith('json');
  const isBrotli = form.endsWith('-br');
  const plain = isJson ? writeJson(board, version) : writeBinary(board, version);
  const body = isBrotli ? compress(plain) : plain;
  const etag = `"${version.id}.${version.check}.${form}"`;
  const headers = {
    etag,
    'content-type': isJson ? 'application/json; charset=utf-8' : SEAT_MAP_TYPE,
    ...(isBrotli && { 'content-encoding': 'br' }),
    'cache-control': 'no-cache',
    vary: 'accept, accept-encoding',
    'x-content-type-options': 'nosniff',
    [SEAT_MAP_ID_HEADER]: version.id,
  };
  const names = Object.entries(headers).flat();
  const head = { 200: [...names, 'content-length', String(body.length)], 304: names };
  return { body, etag, headers, head, text: inOneWrite(body) };
}

function writeBinary(board: Board, { asOfMs, codes }: Version): Buffer {
  return writeSeatMap({ planVersion: board.planVersion, asOfMs, codes });
}

/** What the seat map says to a plain client. */
export type SeatMapView = {
  eventId: string;
  planVersion: number;
  id: string;
  asOf: string;
  seatCount: number;
  totals: SeatCounts;
  categories: ({ category: string } & SeatCounts)[];
  sections: ({ section: string } & SeatCounts)[];
  seats: string;
};
type SeatCounts = { available: number; held: number; gone: number; blocked: number };

function writeJson(board: Board, { asOfMs, codes, id }: Version): Buffer {
  const countsBy = (groupOf: Parameters<typeof countSeats>[2]) =>
    [...countSeats(board, asOfMs, groupOf)].map(
      ([group, { available, held, committing, sold, blocked }]) =>
        [group, { available, held, gone: committing + sold, blocked }] as const,
    );
  const none: SeatCounts = { available: 0, held: 0, gone: 0, blocked: 0 };
  const view: SeatMapView = {
    eventId: board.eventId,
    planVersion: board.planVersion,
    id,
    asOf: new Date(asOfMs).toISOString(),
    seatCount: codes.length,
    totals: countsBy(() => '')[0]?.[1] ?? none,
    categories: countsBy((face) => face.category).map(([category, counts]) => ({
      category,
      ...counts,
    })),
    sections: countsBy((face) => face.section).map(([section, counts]) => ({ section, ...counts })),
    seats: codes.join(''),
  };
  return Buffer.from(JSON.stringify(view));
}

function compress(bytes: Buffer): Buffer {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}
