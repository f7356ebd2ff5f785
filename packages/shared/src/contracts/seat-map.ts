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

/** A snapshot: the codes of all seats of an event in the order of a plan, at an instant. */
export type SeatMap = { planVersion: number; asOfMs: number; codes: Uint8Array };

/**
 * The binary form, all numbers little-endian: format 1 (u8), bits a seat 2 (u8), bytes of this
 * header 20 (u16), plan version (u32), seats (u32), instant in ms (f64), then the codes, four in a
 * byte, the first in its lowest bits.
 */
const FORMAT = 1;
const BITS_A_SEAT = 2;
const HEADER_BYTES = 20;

export function writeSeatMap({ planVersion, asOfMs, codes }: SeatMap): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + Math.ceil(codes.length / 4));
  bytes.writeUInt8(FORMAT, 0);
  bytes.writeUInt8(BITS_A_SEAT, 1);
  bytes.writeUInt16LE(HEADER_BYTES, 2);
  bytes.writeUInt32LE(planVersion, 4);
  bytes.writeUInt32LE(codes.length, 8);
  bytes.writeDoubleLE(asOfMs, 12);
  for (let index = 0, at = HEADER_BYTES; index < codes.length; index += 4, at += 1) {
    // Beyond the last seat the array answers undefined, which counts as 0 here.
    bytes[at] =
      Number(codes[index]) |
      (Number(codes[index + 1]) << 2) |
      (Number(codes[index + 2]) << 4) |
      (Number(codes[index + 3]) << 6);
  }
  return bytes;
}

/** A snapshot from its binary form; undefined when it is not one. */
export function readSeatMap(bytes: Uint8Array): SeatMap | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || bytes[0] !== FORMAT || bytes[1] !== BITS_A_SEAT) {
    return undefined;
  }
  const start = view.getUint16(2, true);
  const seats = view.getUint32(8, true);
  if (bytes.length !== start + Math.ceil(seats / 4)) return undefined;
  const codes = Uint8Array.from(
    { length: seats },
    (_, index) => (Number(bytes[start + (index >> 2)]) >> ((index & 3) * 2)) & 3,
  );
  return { planVersion: view.getUint32(4, true), asOfMs: view.getFloat64(12, true), codes };
}

/** The status that a delta tells of. */
export function statusOfDelta([, , code, , sold]: SeatDelta): SeatStatus {
  if (code === 2) return sold ? 'sold' : 'committing';
  return SEAT_STATUSES.find((status) => SEAT_CODES[status] === code) ?? 'blocked';
}
