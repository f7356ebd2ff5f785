import { monotonicMs } from '@holdfast/shared/clock.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { SeatMapPlace } from '@holdfast/shared/contracts/seat-map.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { LRUCache } from 'lru-cache';
import type { SeatStandings } from '../stores/seat-standings.ts';
import type { StoreClock } from '../stores/store-clock.ts';
import { applyChanges, applyDeltas, type Board, type BoardChange, deltaOf } from './board.ts';
import { changeOf, readBoard } from './board-reading.ts';
import type { DeltaStream } from './delta-stream.ts';
import { seatNewsOf } from './seat-changes.ts';

/** Seats of all boards together: about 120 MB of them. */
const MOST_SEATS = 400_000;
/** A board is asked to be no older than this, as far as the delta stream tells. */
export const FOLLOW_MS = 100;
/** An older one may be shown up to this age, or the second while it is being brought up to date. */
const SHOW_MS = 250;
const SHOW_MEANWHILE_MS = 1_000;
/** While Redis is away, a board is read anew from the documents at this age. */
const AWAY_MS = 2_500;
/** Takes younger than this when they are read may yet break off: they are looked at again. */
const YOUNG_MS = 2_000;
/** The documents are read again from time to time all the same: some changes have no message. */
const RECHECK_MS = 30_000;
/** For all events together that takes a tenth of the time at most. */
const RECHECK_PAUSES = 10;

/** A board with its place in the delta stream; `revision` grows with each change of it. */
export type FollowedBoard = {
  board: Board;
  /** Undefined where Redis was away when it was read. */
  place: SeatMapPlace | undefined;
  revision: number;
  /** Whether Redis was away when others were last asked for changes. */
  isAway: boolean;
  /** Instants of this process: when others were last asked for changes, and the documents read. */
  checkedAt: number;
  readAt: number;
  /** Seats that a take not yet settled may have held at that instant. */
  young: readonly string[];
};

/** Changes made by this process while the documents are being read. */
type Reading = { done: Promise<FollowedBoard | undefined>; meanwhile: BoardChange[] };

/**
 * Boards of the events that are asked for, in memory (least recently asked for go first). Each is
 * read once from the documents, however many ask; then it follows this process's own changes at
 * once and those of others by the delta stream, when it is asked for.
 */
export function createBoards(deps: {
  standings: SeatStandings;
  clock: StoreClock;
  stream: DeltaStream;
  /** The plan that an event's seats follow; undefined for one without complete seats. */
  planVersionOf: (eventId: string) => Promise<number | undefined>;
  log: Logger;
  mostSeats?: number;
}) {
  const { stream, log } = deps;
  const boards = new LRUCache<string, FollowedBoard>({
    maxSize: deps.mostSeats ?? MOST_SEATS,
    sizeCalculation: ({ board }) => Math.max(board.faces.length, 1),
  });
  const readings = new Map<string, Reading>();
  const followings = new Map<string, Promise<FollowedBoard | undefined>>();
  /** The store's clock minus this process's monotonic one. */
  let clockAheadMs: number | undefined;
  let recheckFrom = 0;
  const nowMs = () => monotonicMs() + (clockAheadMs ?? 0);

  /** Reads the documents; all who ask meanwhile share it. */
  function read(eventId: string): Promise<FollowedBoard | undefined> {
    const under = readings.get(eventId);
    if (under) return under.done;
    const meanwhile: BoardChange[] = [];
    const done = readDocuments(eventId, meanwhile).finally(() => readings.delete(eventId));
    readings.set(eventId, { done, meanwhile });
    return done;
  }

  async function readDocuments(
    eventId: string,
    meanwhile: readonly BoardChange[],
  ): Promise<FollowedBoard | undefined> {
    const startedAt = monotonicMs();
    // The place first: what the stream tells up to it, the documents have.
    const place = await stream.end(eventId);
    const planVersion = await deps.planVersionOf(eventId);
    if (planVersion === undefined) {
      boards.delete(eventId);
      return undefined;
    }
    const before = boards.peek(eventId);
    clockAheadMs = (await deps.clock.now()).getTime() - monotonicMs();
    const { board, young } = await readBoard(deps.standings, {
      eventId,
      planVersion,
      known: before?.board,
      youngFromMs: nowMs() - YOUNG_MS,
    });
    applyChanges(board, meanwhile);
    const followed: FollowedBoard = {
      board,
      place,
      revision: (before?.revision ?? 0) + 1,
      isAway: place === undefined,
      checkedAt: startedAt,
      readAt: startedAt,
      young,
    };
    boards.set(eventId, followed);
    if (before) inBackground(eventId, tellUntold(before, followed));
    return followed;
  }

  /** What the documents had and no message told, others are told. */
  async function tellUntold(before: FollowedBoard, { board, place }: FollowedBoard): Promise<void> {
    const isSame = before.board.planVersion === board.planVersion;
    if (!isSame || before.place === undefined || before.place.epoch !== place?.epoch) return;
    const untold = [...board.versions.keys()].filter(
      (index) => (board.versions[index] ?? 0) > (before.board.versions[index] ?? 0),
    );
    await tell(board, untold);
  }

  async function tell(board: Board, indexes: readonly number[]): Promise<void> {
    if (indexes.length === 0) return;
    await stream.write(new Map([[board.eventId, indexes.map((index) => deltaOf(board, index))]]));
  }

  /** A take that broke off has freed its seats without a message. */
  async function lookAgain(followed: FollowedBoard): Promise<void> {
    const { board, young } = followed;
    followed.young = [];
    const standings = await deps.standings.readSome(board.eventId, young);
    const changed = applyChanges(board, standings.map(changeOf));
    if (changed.length > 0) followed.revision += 1;
    await tell(board, changed);
  }

  /** Brings a board up to date. */
  function follow(followed: FollowedBoard): Promise<FollowedBoard | undefined> {
    const { eventId } = followed.board;
    const under = followings.get(eventId);
    if (under) return under;
    const done = followStream(followed).finally(() => followings.delete(eventId));
    followings.set(eventId, done);
    return done;
  }

  async function followStream(followed: FollowedBoard): Promise<FollowedBoard | undefined> {
    const { board, place } = followed;
    const askedAt = monotonicMs();
    // A board without a place comes to one by being read while Redis answers.
    const since = place
      ? await stream.since(board.eventId, place)
      : (await stream.end(board.eventId))
        ? 'gap'
        : 'away';
    if (since === 'gap') return read(board.eventId);
    followed.isAway = since === 'away';
    if (since === 'away') {
      if (askedAt - followed.readAt > AWAY_MS) return read(board.eventId);
      followed.checkedAt = askedAt;
      return followed;
    }
    if (applyDeltas(board, since.deltas).length > 0) followed.revision += 1;
    followed.place = since.place;
    followed.checkedAt = askedAt;
    const ageMs = askedAt - followed.readAt;
    if (ageMs > YOUNG_MS && followed.young.length > 0) {
      inBackground(board.eventId, lookAgain(followed));
    }
    if (ageMs > RECHECK_MS) recheck(board.eventId);
    return followed;
  }

  /** Reads the documents behind everybody's back, one event at a time. */
  function recheck(eventId: string): void {
    const startedAt = monotonicMs();
    if (readings.size > 0 || startedAt < recheckFrom) return;
    const rest = () => {
      const tookMs = monotonicMs() - startedAt;
      recheckFrom = monotonicMs() + RECHECK_PAUSES * tookMs;
    };
    inBackground(eventId, read(eventId).finally(rest));
  }

  function inBackground(eventId: string, work: Promise<unknown>): void {
    work.catch((error) =>
      log.warn('board.not_brought_up_to_date', { eventId, error: describeError(error) }),
    );
  }

  /** What may be shown without waiting; a look at an older one brings it up to date. */
  function peek(eventId: string): FollowedBoard | undefined {
    const followed = boards.get(eventId);
    if (followed === undefined) return undefined;
    const ageMs = monotonicMs() - followed.checkedAt;
    if (ageMs <= FOLLOW_MS) return followed;
    const isUnderWay = followings.has(eventId);
    if (!isUnderWay) inBackground(eventId, follow(followed));
    return ageMs <= (isUnderWay ? SHOW_MEANWHILE_MS : SHOW_MS) ? followed : undefined;
  }

  async function find(eventId: string): Promise<FollowedBoard | undefined> {
    const followed = boards.get(eventId);
    if (followed === undefined) return read(eventId);
    return monotonicMs() - followed.checkedAt <= FOLLOW_MS ? followed : follow(followed);
  }

  async function findToRefuse(eventId: string): Promise<FollowedBoard | undefined> {
    const followed = await find(eventId);
    const isFresh = !followed?.isAway || monotonicMs() - followed.readAt <= SHOW_MS;
    return isFresh ? followed : read(eventId);
  }

  function note(eventId: string, changes: readonly BoardChange[]): void {
    readings.get(eventId)?.meanwhile.push(...changes);
    const followed = boards.peek(eventId);
    if (followed && applyChanges(followed.board, changes).length > 0) followed.revision += 1;
  }

  return {
    /** The store's clock as this process knows it, in ms; of use once a board was read. */
    nowMs,

    /** The board of an event, at most 100 ms behind other processes; undefined without seats. */
    async get(eventId: string): Promise<Board | undefined> {
      return (await find(eventId))?.board;
    },

    /** Whether others' changes come by the delta stream; else boards may be behind by `AWAY_MS`. */
    follows: async (): Promise<boolean> => (await stream.end('')) !== undefined,

    /** The same with its place in the delta stream. */
    find,

    /** The same for who is about to refuse by it: without Redis it was read within 250 ms. */
    findToRefuse,

    /** The same at once or not at all, at most a second behind. */
    peek,

    /** Changes that this process has stored. */
    note,

    /** The same from the message that tells of them. */
    noteMessage(message: Message): void {
      const news = seatNewsOf(message);
      if (news) note(news.eventId, news.changes);
    },

    /** An event's seats follow another plan: all processes and clients read them anew. */
    async replanned(eventId: string): Promise<void> {
      boards.delete(eventId);
      await stream.renew();
    },
  };
}

export type Boards = ReturnType<typeof createBoards>;
