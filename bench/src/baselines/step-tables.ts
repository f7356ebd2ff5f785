import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { createTransactions, Transaction } from './seat-tables.ts';

export type Booked = {
  id: string;
  eventId: string;
  holdId: string;
  userId: string;
  method: string;
  status: string;
  totalMinor: number;
  providerId: string | null;
};

const PRICE_MINOR = 4_500;
const BOOKED = `b.id, b.event_id as "eventId", b.hold_id as "holdId", b.user_id as "userId",
  b.status, b.total_minor::int as "totalMinor", p.method, p.provider_id as "providerId"`;

/** The tables of the saga in steps: a transaction a step. */
export function createStepTables({ pool, inTransaction }: ReturnType<typeof createTransactions>) {
  const leave = (run: Transaction, type: string, booking: Booked) =>
    run('outbox', 'insert into outbox (payload) values ($1)', [
      { id: newId(), type, data: { ...booking, status: type } },
    ]);

  /** Does the effect of a message once; undefined for a repeat. */
  const once = (messageId: string, work: (run: Transaction) => Promise<unknown>) =>
    inTransaction(async (run) => {
      const admitted = await run('inbox', 'insert into inbox values ($1) on conflict do nothing', [
        messageId,
      ]);
      if (admitted.rowCount === 0) return undefined;
      await work(run);
      return true;
    });

  const moveSeats = (run: Transaction, { holdId }: Booked, from: string, to: string) =>
    run('seats', 'update seats set status = $3 where hold_id = $1 and status = $2', [
      holdId,
      from,
      to,
    ]);
  const moveBooking = (run: Transaction, { id }: Booked, status: string) =>
    run('status', 'update bookings set status = $2, changed_at = now() where id = $1', [
      id,
      status,
    ]);
  const note = (run: Transaction, { id, userId }: Booked, action: string) =>
    run('audit', 'insert into audit (booking_id, actor, action) values ($1, $2, $3)', [
      id,
      userId,
      action,
    ]);

  return {
    /** The hold's id; undefined when a seat is taken. */
    hold: (eventId: string, seatIds: readonly string[]) =>
      inTransaction(async (run) => {
        const free = await run(
          'lock',
          `select seat_id from seats where event_id = $1 and seat_id = any($2)
             and status = 'available' order by seat_id for update`,
          [eventId, seatIds],
        );
        if (free.rowCount !== seatIds.length) return undefined;
        const holdId = newId();
        await run(
          'hold',
          `update seats set status = 'held', hold_id = $3 where event_id = $1 and seat_id = any($2)`,
          [eventId, seatIds, holdId],
        );
        return holdId;
      }),
    place: (wish: { eventId: string; holdId: string; userId: string; method: string }) =>
      inTransaction(async (run) => {
        const { eventId, holdId, userId, method } = wish;
        const id = newId();
        const claim = await run(
          'claim',
          'insert into hold_claims values ($1, $2) on conflict do nothing',
          [holdId, id],
        );
        if (claim.rowCount === 0) {
          // The same request again: the same answer.
          const { rows } = await run(
            'again',
            `select ${BOOKED} from bookings b join payments p on p.booking_id = b.id
             where b.hold_id = $1`,
            [holdId],
          );
          return rows[0] as Booked | undefined;
        }
        const seats = await run(
          'take-over',
          `insert into booking_seats select $1, seat_id, ${PRICE_MINOR} from seats
           where hold_id = $2`,
          [id, holdId],
        );
        const totalMinor = (seats.rowCount ?? 0) * PRICE_MINOR;
        await run(
          'booking',
          `insert into bookings (id, hold_id, event_id, user_id, status, currency, total_minor)
           values ($1, $2, $3, $4, 'placed', 'EUR', $5)`,
          [id, holdId, eventId, userId, totalMinor],
        );
        await run(
          'payment',
          `insert into payments (id, booking_id, amount_minor, method, status)
           values ($1, $2, $3, $4, 'requested')`,
          [newId(), id, totalMinor, method],
        );
        const booking = { ...wish, id, totalMinor, status: 'placed', providerId: null };
        await note(run, booking, 'placed');
        await leave(run, 'placed', booking);
        return booking;
      }),
    authorize: async (messageId: string, booking: Booked) => {
      await once(messageId, async (run) => {
        await moveBooking(run, booking, 'authorized');
        await run(
          'authorized',
          `update payments set status = 'authorized', provider_id = $2 where booking_id = $1`,
          [booking.id, booking.providerId],
        );
        await note(run, booking, 'authorized');
        await leave(run, 'authorized', booking);
      });
    },
    pin: async (messageId: string, booking: Booked) => {
      await once(messageId, async (run) => {
        await moveSeats(run, booking, 'held', 'committing');
        await leave(run, 'pinned', booking);
      });
    },
    confirm: (messageId: string, booking: Booked) =>
      once(messageId, async (run) => {
        await moveBooking(run, booking, 'confirmed');
        await run('captured', `update payments set status = 'captured' where booking_id = $1`, [
          booking.id,
        ]);
        await run(
          'tickets',
          `insert into tickets (booking_id, event_id, seat_id)
           select booking_id, $2, seat_id from booking_seats where booking_id = $1`,
          [booking.id, booking.eventId],
        );
        await run(
          'ledger',
          `insert into ledger_lines (booking_id, account, amount_minor)
           values ($1, 'clearing', $2), ($1, 'payable', -$2::bigint)`,
          [booking.id, booking.totalMinor],
        );
        await note(run, booking, 'confirmed');
        await leave(run, 'confirmed', booking);
      }),
    fail: (messageId: string, booking: Booked) =>
      once(messageId, async (run) => {
        await moveBooking(run, booking, 'failed');
        await note(run, booking, 'failed');
        await leave(run, 'failed', booking);
      }),
    sell: async (messageId: string, booking: Booked) => {
      await once(messageId, (run) => moveSeats(run, booking, 'committing', 'sold'));
    },
    release: async (messageId: string, booking: Booked) => {
      await once(messageId, (run) => moveSeats(run, booking, 'held', 'available'));
    },
    async find(id: string): Promise<Booked | undefined> {
      const { rows } = await pool.query({
        name: 'find',
        text: `select ${BOOKED} from bookings b join payments p on p.booking_id = b.id
               where b.id = $1`,
        values: [id],
      });
      return rows[0];
    },
    /** Publishes what waits, in order, and then forgets it. */
    publish: (send: (messages: Message[]) => Promise<void>) =>
      inTransaction(async (run) => {
        const { rows } = await run(
          'poll',
          'select id, payload from outbox order by id for update',
          [],
        );
        if (rows.length === 0) return undefined;
        await send(rows.map(({ payload }) => toMessage(payload)));
        await run('sent', 'delete from outbox where id = any($1)', [rows.map(({ id }) => id)]);
        return rows.length;
      }),
  };
}

function toMessage({ id, type, data }: { id: string; type: string; data: Booked }): Message {
  return {
    id,
    type,
    topic: 'booking.bookings',
    key: data.id,
    version: 1,
    time: new Date().toISOString(),
    origin: { actor: data.userId, requestId: id, correlationId: id },
    data,
  };
}
