import type { Check } from '../check.ts';

/** Rules over the seat documents, alone and against tickets. */
export const SEAT_CHECKS: readonly Check[] = [
  {
    invariant: 1,
    title: 'each event has exactly its seats, each in a known status',
    reads: 'catalog',
    async run({ seats, catalogEvents }) {
      const events = await catalogEvents
        .find({}, { projection: { seatCount: 1, name: 1 } })
        .toArray();
      const counts = await seats
        .aggregate<{ _id: string; seats: number; known: number }>([
          {
            $group: {
              _id: '$eventId',
              seats: { $sum: 1 },
              known: {
                $sum: {
                  $cond: [
                    { $in: ['$status', ['available', 'held', 'committing', 'sold', 'blocked']] },
                    1,
                    0,
                  ],
                },
              },
            },
          },
        ])
        .toArray();
      const found = new Map(counts.map((count) => [count._id, count]));
      const findings = events.flatMap((event) => {
        const count = found.get(String(event._id));
        return count?.seats === event.seatCount && count.known === count.seats
          ? []
          : [
              `event ${event.name} should have ${event.seatCount} seats and has ${count?.seats ?? 0}, ${count?.known ?? 0} in a known status`,
            ];
      });
      return { checked: counts.reduce((sum, count) => sum + count.seats, 0), findings };
    },
  },
  {
    invariant: 2,
    title: 'sold seats and live tickets are the same, seat by seat and booking by booking',
    async run({ seats, booking }) {
      const tickets = await booking.query<{ seat: string; booking_id: string }>(
        `select event_id || ':' || seat_id as seat, booking_id from tickets where status = 'live'`,
      );
      const sold = await seats.find({ status: 'sold' }, { projection: { commit: 1 } }).toArray();
      const owner = new Map(sold.map((seat) => [seat._id, seat.commit?.bookingId]));
      const ticketed = new Set(tickets.rows.map((ticket) => ticket.seat));
      return {
        checked: tickets.rows.length + sold.length,
        findings: [
          ...tickets.rows
            .filter((ticket) => owner.get(ticket.seat) !== ticket.booking_id)
            .map(
              (ticket) =>
                `booking ${ticket.booking_id} has a live ticket for ${ticket.seat}, which is sold to ${owner.get(ticket.seat) ?? 'nobody'}`,
            ),
          ...sold
            .filter((seat) => !ticketed.has(seat._id))
            .map(
              (seat) =>
                `seat ${seat._id} is sold to ${seat.commit?.bookingId} without a live ticket`,
            ),
        ],
      };
    },
  },
  {
    invariant: 3,
    title: 'each held or committing seat belongs to a living hold that names it',
    reads: 'catalog',
    async run({ seats, holds }) {
      const taken = await seats
        .find(
          { status: { $in: ['held', 'committing'] } },
          { projection: { status: 1, hold: 1, seatId: 1 } },
        )
        .toArray();
      const ids = [...new Set(taken.flatMap((seat) => (seat.hold ? [seat.hold.id] : [])))];
      const found = await holds
        .find({ _id: { $in: ids } }, { projection: { state: 1, seats: 1 } })
        .toArray();
      const byId = new Map(found.map((hold) => [hold._id, hold]));
      const findings = taken.flatMap((seat) => {
        const hold = byId.get(seat.hold?.id ?? '');
        if (hold === undefined)
          return [
            `seat ${seat._id} is ${seat.status} by hold ${seat.hold?.id ?? 'nobody'}, which does not exist`,
          ];
        if (ENDED.has(hold.state))
          return [`seat ${seat._id} is ${seat.status} by hold ${hold._id}, which is ${hold.state}`];
        if (!hold.seats.some((one) => one.seatId === seat.seatId))
          return [`seat ${seat._id} is ${seat.status} by hold ${hold._id}, which does not name it`];
        return [];
      });
      return { checked: taken.length, findings };
    },
  },
];

const ENDED = new Set(['released', 'expired', 'aborted', 'returned', 'confirmed']);
