import type { Message } from '@holdfast/shared/contracts/contract.ts';
import {
  type HoldChange,
  holdChanged,
  holdConfirmed,
  holdExpired,
  holdExtended,
  holdPinned,
  holdPinRefused,
  holdReleased,
  holdReturned,
  holdSeatsReturned,
  holdTaken,
  holdUnpinned,
} from '@holdfast/shared/contracts/holds.ts';

export type HoldState = 'held' | 'pinned' | 'confirmed' | 'released' | 'expired' | 'returned';

/** What a message says of a hold, as the analysts' table keeps it. */
export type HoldNews = {
  readonly holdId: string;
  readonly eventId: string;
  readonly userId: string;
  readonly version: number;
  readonly state: HoldState;
  /** Its seats, where the message names them all. */
  readonly seats: number | null;
  /** Otherwise: how many more, or fewer, it has than before. */
  readonly seatsMore: number;
  readonly takenAt: string | null;
  readonly expiresAt: string | null;
  readonly endedAt: string | null;
  readonly bookingId: string | null;
};

/** Undefined where the message changes nothing that analysts see. */
export function holdNews(message: Message<HoldChange>): HoldNews | undefined {
  const { data, version, time } = message;
  const state = stateAfter(message);
  if (state === undefined) return undefined;
  return {
    holdId: data.holdId,
    eventId: data.eventId,
    userId: data.userId,
    version,
    state,
    seats: namesAllSeats(message) ? data.seats.length : (data.seatCount ?? null),
    seatsMore: seatsMore(message),
    takenAt: message.type === holdTaken.type ? time : null,
    expiresAt: data.expiresAt,
    endedAt: state === 'held' || state === 'pinned' ? null : time,
    bookingId: data.bookingId ?? null,
  };
}

function stateAfter({ type, data }: Message<HoldChange>): HoldState | undefined {
  switch (type) {
    case holdTaken.type:
    case holdExtended.type:
    case holdChanged.type:
      return 'held';
    case holdPinned.type:
      return 'pinned';
    case holdUnpinned.type:
      // Without an end of its own it has not come back to its buyer.
      return data.expiresAt === null ? 'expired' : 'held';
    case holdPinRefused.type:
      // One that names seats has given them up; else another message tells of the end.
      return data.seats.length > 0 ? 'expired' : undefined;
    case holdConfirmed.type:
    case holdSeatsReturned.type:
      return 'confirmed';
    case holdReleased.type:
      return 'released';
    case holdExpired.type:
      return 'expired';
    case holdReturned.type:
      return 'returned';
    default:
      return undefined;
  }
}

function namesAllSeats({ type, data }: Message<HoldChange>): boolean {
  const all: readonly string[] = [holdTaken.type, holdPinned.type, holdConfirmed.type];
  return all.includes(type) && data.seats.length > 0;
}

/** A dropped seat that somebody else took at once is not named; the pin sets the count right. */
function seatsMore({ type, data }: Message<HoldChange>): number {
  if (type !== holdChanged.type) return 0;
  return data.seats.reduce((sum, { status }) => sum + (status === 'held' ? 1 : -1), 0);
}
