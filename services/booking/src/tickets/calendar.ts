import { createEvent, type EventAttributes } from 'ics';
import { localTime } from './sheet.ts';

export type CalendarEntry = {
  /** Names the entry: another file of the same booking replaces it. */
  readonly bookingId: string;
  /** Grows with each change of the event. */
  readonly sequence: number;
  readonly status: 'TENTATIVE' | 'CONFIRMED' | 'CANCELLED';
  readonly eventName: string;
  readonly venueName: string;
  readonly city: string | null;
  readonly startsAt: Date;
  readonly timeZone: string;
  readonly labels: readonly string[];
  /** When the booking changed last. */
  readonly changedAt: Date;
};

/**
 * A booking as a calendar file (RFC 5545). Instants are in UTC, which every calendar shows by the
 * clock of its reader; what the clocks at the venue say is in the description. How long the event
 * takes is not known here, so the entry has a beginning and no end.
 */
export function writeCalendar(entry: CalendarEntry): string {
  const { eventName, venueName, city, startsAt, timeZone, labels } = entry;
  const attributes = {
    productId: 'holdfast',
    uid: `${entry.bookingId}@holdfast`,
    sequence: entry.sequence,
    status: entry.status,
    title: eventName,
    location: [venueName, city].filter(Boolean).join(', '),
    description: [`${localTime(startsAt, timeZone)} (${timeZone})`, ...labels].join('\n'),
    start: startsAt.getTime(),
    startOutputType: 'utc' as const,
    timestamp: entry.changedAt.getTime(),
  };
  // Its types ask for an end; neither its code nor RFC 5545 does.
  const { error, value } = createEvent(attributes as unknown as EventAttributes);
  if (error || !value) throw new Error('The calendar entry can not be written', { cause: error });
  return value;
}
