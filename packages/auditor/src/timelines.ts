import type { Document } from 'mongodb';
import { HOLDS_OF_BOOKING } from './checks/holds-of-booking.ts';
import type { Sources } from './sources.ts';

/** One thing that happened, as the store that keeps it tells, by that store's clock. */
export type Happening = {
  readonly at: string;
  readonly store: 'catalog' | 'booking';
  /** What it happened to, such as `hold 0198…`. */
  readonly subject: string;
  readonly action: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly actor: string;
  readonly reason: string | null;
  readonly requestId: string | null;
  readonly correlationId: string | null;
};

export type Timeline = {
  /** How it stands now, in a line; undefined where there is no such thing. */
  readonly now: string | undefined;
  readonly happenings: readonly Happening[];
};

const BOOKING_ROWS = `
  select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, 'booking' as store,
    subject || ' ' || subject_id as subject, action, before, after, actor, reason,
    request_id as "requestId", correlation_id as "correlationId"
  from booking_timeline`;

/**
 * All that became of a booking, and in catalog of each of its holds, also before it was made of them
 * and after it gave them up.
 */
export async function bookingTimeline(
  { booking, holds }: Pick<Sources, 'booking' | 'holds'>,
  bookingId: string,
): Promise<Timeline> {
  const state = await booking.query<{ now: string; holdIds: string[] }>(
    `select 'booking ' || id || ' of account ' || user_id || ' is ' || status
      || coalesce(' (' || reason || ')', '') || ', version ' || version as now,
      (select array_agg(h.hold_id::text) from ${HOLDS_OF_BOOKING}) as "holdIds"
    from bookings b where id = $1`,
    [bookingId],
  );
  const { rows } = await booking.query<Happening>(
    `${BOOKING_ROWS} where booking_id = $1 order by micros, place`,
    [bookingId],
  );
  const made = await holds
    .find({ _id: { $in: state.rows[0]?.holdIds ?? [] } }, { projection: { history: 1 } })
    .toArray();
  return { now: state.rows[0]?.now, happenings: inTime([...historiesOf('hold', made), ...rows]) };
}

/**
 * All that became of a seat: in catalog the holds and house blocks that named it, in booking the
 * bookings that asked for it and its tickets. It searches all holds of the store: for operators, not
 * for requests.
 */
export async function seatTimeline(
  sources: Pick<Sources, 'booking' | 'holds' | 'seats' | 'blocks'>,
  { eventId, seatId }: { eventId: string; seatId: string },
): Promise<Timeline> {
  const seat = await sources.seats.findOne({ _id: `${eventId}:${seatId}` });
  const holds = await sources.holds
    .find(
      {
        eventId,
        $or: [
          { 'seats.seatId': seatId },
          { 'changes.seatIds': seatId },
          { 'returned.seatId': seatId },
        ],
      } as Document,
      { projection: { history: 1 } },
    )
    .toArray();
  const blocks = await sources.blocks
    .find({ eventId, seatIds: seatId }, { projection: { history: 1 } })
    .toArray();
  const booked = await sources.booking.query<{ id: string }>(
    `select b.id from bookings b join booking_seats s on s.booking_id = b.id and s.seat_id = $2
    where b.event_id = $1`,
    [eventId, seatId],
  );
  const { rows } = await sources.booking.query<Happening>(
    `${BOOKING_ROWS}
    where booking_id = any($1::uuid[]) and (seat_id = $2 or subject = 'booking' or exists (
      select from transfer_tickets o join tickets t on t.id = o.ticket_id
      where subject = 'transfer' and o.transfer_id = subject_id and t.seat_id = $2
    ))
    order by micros, place`,
    [booked.rows.map(({ id }) => id), seatId],
  );
  return {
    now: seat
      ? `seat ${seatId} of event ${eventId} is ${seat.status}, version ${seat.version}`
      : undefined,
    happenings: inTime([...historiesOf('hold', holds), ...historiesOf('block', blocks), ...rows]),
  };
}

/**
 * What the stores tell, as one. Their clocks may differ by a little, so what stands close together
 * in both need not have happened in that order.
 */
function inTime(happenings: readonly Happening[]): Happening[] {
  return happenings.toSorted((a, b) => a.at.localeCompare(b.at));
}

function historiesOf(
  kind: 'hold' | 'block',
  documents: readonly { _id: string; history: Document[] }[],
): Happening[] {
  return documents.flatMap(({ _id, history }) =>
    history.map((entry) => told(`${kind} ${_id}`, entry)),
  );
}

/** An entry of a document's history. */
function told(subject: string, entry: Document): Happening {
  return {
    at: new Date(entry.at).toISOString().replace('Z', '000Z'),
    store: 'catalog',
    subject,
    action: String(entry.reason),
    before: entry.before?.state ?? null,
    after: entry.after?.state ?? null,
    actor: String(entry.actor),
    reason: null,
    requestId: entry.requestId ?? null,
    correlationId: entry.correlationId ?? null,
  };
}

/** A timeline as text, a line each. */
export function renderTimeline({ now, happenings }: Timeline): string {
  const lines = happenings.map((one) => {
    const states = one.after === null ? '' : `  ${one.before ?? '-'} -> ${one.after}`;
    const why = one.reason === null ? '' : `  (${one.reason})`;
    const request = one.requestId === null ? '' : `  request ${one.requestId}`;
    return `${one.at}  ${one.store.padEnd(7)}  ${one.action}  ${one.subject}${states}  by ${one.actor}${why}${request}`;
  });
  return [...(now === undefined ? [] : [`Now: ${now}.`]), ...lines].join('\n');
}
