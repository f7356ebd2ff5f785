import { SEAT_STATUSES, type SeatStatus } from './holds.ts';

/**
 * The live seat map as catalog writes it to Redis and gateways read it: one capped stream an
 * event, whose entries list what became of seats, and one epoch for all of them. It is speed only.
 * Entries come at least once and not always in order: keep the highest version of each seat.
 */

/** What a seat is to somebody who wants it: free, held, gone (being paid or sold), blocked. */
export type SeatCode = 0 | 1 | 2 | 3;
export const SEAT_CODES: Readonly<Record<SeatStatus, SeatCode>> = {
  available: 0,
  held: 1,
  committing: 2,
  sold: 2,
  blocked: 3,
};

/**
 * A seat as a change left it: its place in the plan, its version, its code and, where it is held,
 * the instant in milliseconds from which it is free (0 else). Code 2 alone does not tell a sale
 * from a payment under way, so a sold seat has a fifth member.
 */
export type SeatDelta = readonly [
  order: number,
  version: number,
  code: SeatCode,
  endsAtMs: number,
  sold?: 1,
];

/** The changes of one entry, and the epoch it was written in. */
export type SeatMapEntry = { epoch: string; changes: readonly SeatDelta[] };

/**
 * Entries that a stream keeps at least. Whoever reads this many after an id may have missed some
 * and takes a snapshot instead.
 */
export const SEAT_MAP_STREAM_LENGTH = 5_000;

/** The stream of an event. */
export function seatMapKey(topicPrefix: string, eventId: string): string {
  return `${topicPrefix}seat-map:{${eventId}}`;
}

/**
 * The key of the epoch, a random text. It changes when entries may have been lost (Redis was away
 * or lost what it had): whoever holds an id of another epoch takes a snapshot.
 */
export function seatMapEpochKey(topicPrefix: string): string {
  return `${topicPrefix}seat-map:epoch`;
}

/** The fields of an entry, as XADD takes them. */
export function writeSeatMapEntry(entry: SeatMapEntry): string[] {
  return ['epoch', entry.epoch, 'changes', JSON.stringify(entry.changes)];
}

/** An entry from its fields, as XREAD gives them; undefined when it is not one. */
export function readSeatMapEntry(fields: readonly string[]): SeatMapEntry | undefined {
  const fieldOf = (name: string) => {
    const at = fields.findIndex((field, index) => index % 2 === 0 && field === name);
    return at < 0 ? undefined : fields[at + 1];
  };
  const [epoch, changes] = [fieldOf('epoch'), fieldOf('changes')];
  if (epoch === undefined || changes === undefined) return undefined;
  return { epoch, changes: JSON.parse(changes) as SeatDelta[] };
}

/** The place in an event's changes that a client names to go on from: epoch and stream id. */
export type SeatMapPlace = { epoch: string; streamId: string };

/** Before the first entry of a stream. */
export const SEAT_MAP_START = '0-0';

export function writeSeatMapId({ epoch, streamId }: SeatMapPlace): string {
  return `${epoch}~${streamId}`;
}

export function readSeatMapId(id: string): SeatMapPlace | undefined {
  const [, epoch, streamId] = /^([\w-]{1,64})~(\d{1,20}-\d{1,20})$/.exec(id) ?? [];
  return epoch === undefined || streamId === undefined ? undefined : { epoch, streamId };
}

/** The header of a snapshot that says which changes it contains. */
export const SEAT_MAP_ID_HEADER = 'x-seat-map-id';
export const SEAT_MAP_TYPE = 'application/vnd.holdfast.seat-map';

/** The status that a delta tells of. */
export function statusOfDelta([, , code, , sold]: SeatDelta): SeatStatus {
  if (code === 2) return sold ? 'sold' : 'committing';
  return SEAT_STATUSES.find((status) => SEAT_CODES[status] === code) ?? 'blocked';
}
