/** One thing that happened to a booking or to what belongs to it, by the database's clock. */
export type TimelineEntry = {
  readonly at: string;
  /** Orders entries, with `place` those of one microsecond. */
  readonly micros: number;
  readonly place: string;
  /** Where it stands written. */
  readonly source: 'audit' | 'provider' | 'outbox';
  readonly subject: string;
  readonly subjectId: string;
  readonly seatId: string | null;
  readonly action: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly amountMinor: number | null;
  readonly currency: string | null;
  readonly actor: string;
  readonly reason: string | null;
  readonly requestId: string | null;
  readonly correlationId: string | null;
  readonly details: object;
};

/** Steps of our own on the way to an outcome; a buyer is told the outcome. */
export const INNER_ACTIONS: readonly string[] = [
  'booking.authorized',
  'booking.capturing',
  'booking.voiding',
  'booking.resumed',
  'ticket.reserved',
];

/** Where the next page begins. */
export function cursorOf({ micros, place }: TimelineEntry): string {
  return Buffer.from(`${micros} ${place}`).toString('base64url');
}

/** The place that a cursor names; undefined where it is none. */
export function readCursor(cursor: string): { micros: number; place: string } | undefined {
  const [, micros, place] =
    /^(\d{1,16}) ([\w:-]{1,100})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return micros === undefined || place === undefined
    ? undefined
    : { micros: Number(micros), place };
}

/** An entry as the buyer reads it: what, when and by whom, without names of others. */
export function tellPlainly(entry: TimelineEntry, readerId: string) {
  return {
    at: entry.at,
    action: entry.action,
    seatId: entry.seatId,
    amountMinor: entry.amountMinor,
    currency: entry.currency,
    reason: entry.reason,
    by: sayWho(entry.actor, readerId),
  };
}

function sayWho(actor: string, readerId: string): 'you' | 'somebody_else' | 'holdfast' {
  if (actor === `user:${readerId}`) return 'you';
  return actor.startsWith('user:') ? 'somebody_else' : 'holdfast';
}

/** An entry as an admin reads it. */
export function tellInFull({ micros: _micros, place: _place, ...entry }: TimelineEntry) {
  return entry;
}
