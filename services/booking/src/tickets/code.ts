import { type KeyObject, sign, verify } from 'node:crypto';
import { fromBase45, toBase45 } from './base45.ts';

/**
 * The code of a ticket, which its QR shows: `HF1:` and, in Base45, key id (4 bytes), ticket (16),
 * event (16), epoch (2, big-endian), seat (UTF-8) and an Ed25519 signature (64) over `HF1:` and all
 * bytes before it. docs/tickets.md has it for those who write scanners.
 */
export type TicketCode = {
  readonly kid: string;
  readonly ticketId: string;
  readonly eventId: string;
  readonly epoch: number;
  readonly seatId: string;
};

/** A code that was read; what it says is to be believed only once `isGenuine`. */
export type ReadCode = TicketCode & { readonly signed: Buffer; readonly signature: Buffer };

const PREFIX = 'HF1:';
const SIGNATURE_BYTES = 64;
const FIXED_BYTES = 4 + 16 + 16 + 2;
/** No code is longer: a seat's id has at most 64 characters of at most 3 bytes each. */
export const LONGEST_CODE = 460;

export function writeCode(code: TicketCode, privateKey: KeyObject): string {
  const epoch = Buffer.alloc(2);
  epoch.writeUInt16BE(code.epoch);
  const body = Buffer.concat([
    Buffer.from(code.kid, 'hex'),
    bytesOfId(code.ticketId),
    bytesOfId(code.eventId),
    epoch,
    Buffer.from(code.seatId),
  ]);
  const signature = sign(null, Buffer.concat([Buffer.from(PREFIX), body]), privateKey);
  return PREFIX + toBase45(Buffer.concat([body, signature]));
}

/** What a code says, undefined when it is none. */
export function readCode(text: string): ReadCode | undefined {
  if (!text.startsWith(PREFIX) || text.length > LONGEST_CODE) return undefined;
  const bytes = fromBase45(text.slice(PREFIX.length));
  if (bytes === undefined || bytes.length <= FIXED_BYTES + SIGNATURE_BYTES) return undefined;
  const body = bytes.subarray(0, -SIGNATURE_BYTES);
  return {
    kid: body.toString('hex', 0, 4),
    ticketId: idOfBytes(body.subarray(4, 20)),
    eventId: idOfBytes(body.subarray(20, 36)),
    epoch: body.readUInt16BE(36),
    seatId: body.toString('utf8', FIXED_BYTES),
    signed: Buffer.concat([Buffer.from(PREFIX), body]),
    signature: bytes.subarray(-SIGNATURE_BYTES),
  };
}

export function isGenuine({ signed, signature }: ReadCode, publicKey: KeyObject): boolean {
  return verify(null, signed, publicKey, signature);
}

function bytesOfId(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

function idOfBytes(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
