import { readSeatMapId, type SeatCode } from '@holdfast/shared/contracts/seat-map.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { isId } from '@holdfast/shared/ids.ts';
import type { RefusalCode } from '@holdfast/shared/refusals.ts';

/** What a client sends, one JSON object a message. */
export type ClientFrame =
  | { readonly type: 'SUBSCRIBE_EVENT'; readonly eventId: string; readonly since?: string }
  | { readonly type: 'UNSUBSCRIBE_EVENT'; readonly eventId: string }
  | { readonly type: 'SUBSCRIBE_USER' }
  | { readonly type: 'PING' };

/** A seat by its place in the plan's order, and what it is now. */
export type SeatChange = readonly [order: number, code: SeatCode];

/** Why a client has to take a snapshot. */
export type ResyncReason = 'gap' | 'epoch' | 'position_unknown';

/** What a client gets. `id` is a position `<epoch>~<stream id>` from which it may resume. */
export type ServerFrame =
  | { readonly type: 'SUBSCRIBED'; readonly eventId: string; readonly id: string }
  | {
      readonly type: 'SEAT_CHANGES';
      readonly eventId: string;
      readonly id: string;
      readonly changes: readonly SeatChange[];
    }
  | {
      readonly type: 'SNAPSHOT_NEEDED';
      readonly eventId: string;
      readonly id: string;
      readonly reason: ResyncReason;
      readonly address: string;
    }
  | { readonly type: 'STALE'; readonly eventId: string }
  | {
      readonly type: 'SNAPSHOT';
      readonly eventId: string;
      readonly id: string;
      /** The binary seat map (contracts/seat-map.ts) in base64. */
      readonly map: string;
    }
  | { readonly type: 'UNSUBSCRIBED'; readonly eventId: string }
  | { readonly type: 'SUBSCRIBED_USER'; readonly userId: string }
  | {
      readonly type: 'HOLD_CHANGED' | 'BOOKING_CHANGED';
      readonly change: string;
      readonly version: number;
      readonly time: string;
      readonly [subject: string]: unknown;
    }
  | { readonly type: 'PONG' }
  | { readonly type: 'ERROR'; readonly code: RefusalCode; readonly detail: string };

/** Reads a client's frame; a refusal says what is wrong with it. */
export function readClientFrame(text: string): ClientFrame | Refusal {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return refused('malformed_body', 'A frame is one JSON object, such as {"type":"PING"}.');
  }
  if (typeof frame !== 'object' || frame === null || !('type' in frame)) {
    return refused('invalid_request', 'A frame is an object with a type.');
  }
  const { type } = frame;
  if (type === 'PING' || type === 'SUBSCRIBE_USER') return { type };
  if (type !== 'SUBSCRIBE_EVENT' && type !== 'UNSUBSCRIBE_EVENT') {
    return refused(
      'invalid_request',
      'type is one of SUBSCRIBE_EVENT, UNSUBSCRIBE_EVENT, SUBSCRIBE_USER, PING.',
    );
  }
  if (!('eventId' in frame) || typeof frame.eventId !== 'string' || !isId(frame.eventId)) {
    return refused('invalid_request', 'eventId must be the UUID of an event.');
  }
  const eventId = frame.eventId.toLowerCase();
  if (type === 'UNSUBSCRIBE_EVENT') return { type, eventId };
  if (!('since' in frame) || frame.since === undefined) return { type, eventId };
  if (typeof frame.since !== 'string' || !readSeatMapId(frame.since)) {
    return refused('invalid_request', 'since must be an id of a frame or of a snapshot.');
  }
  return { type, eventId, since: frame.since };
}

/** A frame in the forms in which it is sent, each made once for all who get it. */
export type Frame = {
  readonly frame: ServerFrame;
  readonly json: Buffer;
  /** A whole WebSocket message, header and all. */
  forSocket(): Buffer;
  /** A server-sent event. */
  forStream(): Buffer;
};

export function encode(frame: ServerFrame): Frame {
  const json = Buffer.from(JSON.stringify(frame));
  let socketBytes: Buffer | undefined;
  let streamBytes: Buffer | undefined;
  return {
    frame,
    json,
    forSocket() {
      socketBytes ??= webSocketText([json]);
      return socketBytes;
    },
    forStream() {
      const id = 'id' in frame ? `id: ${frame.id}\n` : '';
      streamBytes ??= Buffer.from(`${id}data: ${json}\n\n`);
      return streamBytes;
    },
  };
}

const NEWLINE = Buffer.from('\n');
const FINAL_TEXT = 0x81;

/**
 * One unmasked, final text message (RFC 6455, 5.2) of several JSON texts, one a line. The same
 * bytes go to every socket: what a server sends has no mask.
 */
export function webSocketText(lines: readonly Buffer[]): Buffer {
  const payload = lines.flatMap((line, at) => (at === 0 ? [line] : [NEWLINE, line]));
  const length = payload.reduce((sum, part) => sum + part.length, 0);
  let header: Buffer;
  if (length < 126) {
    header = Buffer.from([FINAL_TEXT, length]);
  } else if (length < 65_536) {
    header = Buffer.from([FINAL_TEXT, 126, length >> 8, length & 0xff]);
  } else {
    header = Buffer.alloc(10);
    header[0] = FINAL_TEXT;
    header[1] = 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, ...payload]);
}
