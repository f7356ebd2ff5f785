import type { Sources } from './sources.ts';

/** Seats and money of one event, read from the stores. Amounts in the currency's minor unit. */
export type EventFigures = {
  eventId: string;
  currency: string;
  seats: number;
  seatsSold: number;
  /** Seats with more than one live or reserved ticket, or sold to another booking than their ticket's. */
  oversold: number;
  ticketsLive: number;
  ticketsMinor: number;
  holds: number;
  holdsReleased: number;
  holdsExpired: number;
  bookingsConfirmed: number;
  failedByReason: { reason: string; bookings: number }[];
  /** Money that the provider's report says was taken and given back. */
  capturedMinor: number;
  refundedMinor: number;
};

type BookingRow = {
  event_id: string;
  currency: string;
  confirmed: number;
  tickets: number;
  tickets_minor: number;
};

/** The figures of every event that has a booking. */
export async function readFigures(sources: Sources): Promise<EventFigures[]> {
  const { booking, seats, holds, catalogEvents } = sources;
  const bookings = await booking.query<BookingRow>(`
    select b.event_id, max(b.currency) as currency,
      count(*) filter (where b.status = 'confirmed')::int as confirmed,
      coalesce(sum(t.tickets), 0)::int as tickets, coalesce(sum(t.minor), 0)::float8 as tickets_minor
    from bookings b left join lateral (
      select count(*) as tickets, sum(s.price_minor) as minor
      from tickets t join booking_seats s on s.booking_id = t.booking_id and s.seat_id = t.seat_id
      where t.booking_id = b.id and t.status = 'live'
    ) t on true group by b.event_id`);
  const failed = await booking.query<{ event_id: string; reason: string; bookings: number }>(`
    select event_id, coalesce(reason, 'unknown') as reason, count(*)::int as bookings
    from bookings where status = 'failed' group by 1, 2 order by 3 desc`);
  const moved = await readMoved(sources);
  return Promise.all(
    bookings.rows.map(async (row) => {
      const eventId = row.event_id;
      const event = await catalogEvents.findOne({ _id: eventId }, { projection: { seatCount: 1 } });
      const byState = await holds
        .aggregate<{ _id: string; count: number }>([
          { $match: { eventId } },
          { $group: { _id: '$state', count: { $sum: 1 } } },
        ])
        .toArray();
      const inState = (state: string) => byState.find((one) => one._id === state)?.count ?? 0;
      return {
        eventId,
        currency: row.currency,
        seats: event?.seatCount ?? 0,
        seatsSold: await seats.countDocuments({ eventId, status: 'sold' }),
        oversold: await countOversold(sources, eventId),
        ticketsLive: row.tickets,
        ticketsMinor: row.tickets_minor,
        holds: byState.reduce((sum, one) => sum + (one._id === 'aborted' ? 0 : one.count), 0),
        holdsReleased: inState('released'),
        holdsExpired: inState('expired'),
        bookingsConfirmed: row.confirmed,
        failedByReason: failed.rows.filter((one) => one.event_id === eventId),
        capturedMinor: moved.get(eventId)?.captured ?? 0,
        refundedMinor: moved.get(eventId)?.refunded ?? 0,
      };
    }),
  );
}

async function countOversold({ booking, seats }: Sources, eventId: string): Promise<number> {
  const { rows } = await booking.query<{ seat_id: string; owners: string[] }>(
    `select seat_id, array_agg(booking_id::text) as owners from tickets
     where event_id = $1 and status in ('reserved', 'live') group by seat_id`,
    [eventId],
  );
  const sold = await seats
    .find({ eventId, status: 'sold' }, { projection: { seatId: 1, commit: 1 } })
    .toArray();
  const owner = new Map(sold.map((seat) => [seat.seatId, seat.commit?.bookingId]));
  return rows.filter(
    ({ seat_id, owners }) =>
      owners.length > 1 || (owner.has(seat_id) && owner.get(seat_id) !== owners[0]),
  ).length;
}

/** The provider's money by event, joined through our bookings. */
async function readMoved({ booking, readProvider }: Sources) {
  const { rows } = await booking.query<{ id: string; event_id: string }>(
    'select id, event_id from bookings',
  );
  const eventOf = new Map(rows.map((row) => [row.id, row.event_id]));
  const moved = new Map<string, { captured: number; refunded: number }>();
  for (const intent of await readProvider()) {
    const eventId = eventOf.get(intent.bookingId ?? '');
    if (eventId === undefined) continue;
    const sum = moved.get(eventId) ?? { captured: 0, refunded: 0 };
    sum.captured += intent.capturedMinor;
    sum.refunded += intent.refundedMinor;
    moved.set(eventId, sum);
  }
  return moved;
}
