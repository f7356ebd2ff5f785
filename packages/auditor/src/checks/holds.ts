import type { Check } from '../check.ts';

const MIDDLE = [
  'pinning',
  'confirming',
  'unpinning',
  'releasing',
  'expiring',
  'returning',
  'dropping',
  'shrinking',
];
/** What the seats of a hold in each settled state must be. */
const SEAT_STATUS: Readonly<Record<string, string>> = { pinned: 'committing', confirmed: 'sold' };

/** Rules over the hold documents and their seats. */
export const HOLD_CHECKS: readonly Check[] = [
  {
    invariant: 5,
    title: 'each pinned or confirmed hold owns all its seats, each live one all that it names',
    reads: 'catalog',
    async run({ holds, seats }) {
      const living = await holds
        .find(
          {
            $or: [
              { state: { $in: ['pinned', 'confirmed'] } },
              { state: 'held', $expr: { $not: [{ $lte: ['$expiresAt', '$$NOW'] }] } },
            ],
          },
          { projection: { state: 1, seats: 1, eventId: 1 } },
        )
        .toArray();
      const names = living.flatMap((hold) =>
        hold.seats.map((seat) => `${hold.eventId}:${seat.seatId}`),
      );
      const found = await seats
        .find({ _id: { $in: names } }, { projection: { status: 1, hold: 1 } })
        .toArray();
      const byId = new Map(found.map((seat) => [seat._id, seat]));
      const findings = living.flatMap((hold) => {
        const status = SEAT_STATUS[hold.state] ?? 'held';
        const lost = hold.seats.filter((named) => {
          const seat = byId.get(`${hold.eventId}:${named.seatId}`);
          return seat?.status !== status || seat.hold?.id !== hold._id;
        });
        return lost.length === 0
          ? []
          : [
              `hold ${hold._id} is ${hold.state} and does not own ${lost.map((seat) => seat.seatId).join(', ')}`,
            ];
      });
      return { checked: living.length, findings };
    },
  },
  {
    invariant: 10,
    title: 'each hold has a history that ends in its state',
    reads: 'catalog',
    async run({ holds }) {
      const cursor = holds.find(
        { state: { $nin: MIDDLE } },
        { projection: { state: 1, history: 1 } },
      );
      let checked = 0;
      const findings: string[] = [];
      for await (const hold of cursor) {
        checked += 1;
        const last = hold.history.at(-1)?.after as { state?: string } | string | undefined;
        const state = typeof last === 'string' ? last : last?.state;
        if (state !== hold.state)
          findings.push(
            `hold ${hold._id} is ${hold.state}, its history ends in ${state ?? 'nothing'}`,
          );
      }
      return { checked, findings };
    },
  },
  {
    invariant: 14,
    title: 'no hold rests in a middle state, no seat waits for a booking that has ended',
    async run({ holds, booking }) {
      const resting = await holds
        .find({ state: { $in: [...MIDDLE, 'pinned'] } }, { projection: { state: 1 } })
        .toArray();
      const { rows } = await booking.query<{ count: number }>(
        `select count(*)::int as count from bookings where status in ('pending', 'authorized', 'capturing', 'voiding')`,
      );
      const underWay = rows[0]?.count ?? 0;
      const findings = resting.flatMap((hold) =>
        hold.state === 'pinned' && underWay > 0 ? [] : [`hold ${hold._id} rests in ${hold.state}`],
      );
      return { checked: await holds.estimatedDocumentCount(), findings };
    },
  },
];
