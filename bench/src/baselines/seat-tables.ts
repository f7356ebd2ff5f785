import pg from 'pg';

/** A transaction's client, with every statement prepared once a connection. */
export type Transaction = (
  name: string,
  text: string,
  values: unknown[],
) => Promise<pg.QueryResult>;

const SEAT_COLUMNS = 'event_id, seat_id, status, hold_id, expires_at';
const HOLD_SECONDS = 600;

/** A pool whose transactions prepare their statements; one that answers undefined is undone. */
export function createTransactions(url: string) {
  // More connections than this only wait for one another on a small machine.
  const pool = new pg.Pool({ connectionString: url, max: 16 });

  return {
    pool,
    async inTransaction<T>(
      work: (run: Transaction) => Promise<T | undefined>,
    ): Promise<T | undefined> {
      const client = await pool.connect();
      const run: Transaction = (name, text, values) => client.query({ name, text, values });
      try {
        await client.query('begin');
        const result = await work(run);
        await client.query(result === undefined ? 'rollback' : 'commit');
        return result;
      } catch (error) {
        await client.query('rollback');
        throw error;
      } finally {
        client.release();
      }
    },
  };
}

/** The tables of the relational baselines, each hold with its audit row and its message. */
export function createSeatTables(url: string) {
  const transactions = createTransactions(url);
  return {
    ...transactions,
    /** Locks the rows in the order of seat ids, so that two requests never wait for each other. */
    lockFree: (run: Transaction, eventId: string, seatIds: readonly string[], nowait: boolean) =>
      run(
        nowait ? 'lock-nowait' : 'lock',
        `select ${SEAT_COLUMNS} from seats
         where event_id = $1 and seat_id = any($2)
           and (status = 'available' or expires_at <= now())
         order by seat_id for update ${nowait ? 'nowait' : ''}`,
        [eventId, seatIds],
      ),
    /** Seats, hold, audit and message in one statement. */
    hold: (run: Transaction, eventId: string, userId: string, seatIds: readonly string[]) =>
      run(
        'hold',
        `with made as (
           insert into holds (event_id, user_id, seat_ids, expires_at)
           values ($1, $2, $3, now() + make_interval(secs => ${HOLD_SECONDS})) returning *
         ), taken as (
           update seats s set status = 'held', hold_id = made.id, expires_at = made.expires_at,
             version = version + 1
           from made where s.event_id = $1 and s.seat_id = any($3)
         ), audited as (
           insert into audit (hold_id, actor, action) select id, user_id, 'taken' from made
         ), told as (
           insert into outbox (hold_id, payload) select id, to_jsonb(made) from made
         ) select id, expires_at from made`,
        [eventId, userId, seatIds],
      ),
    /** What is wrong: a hold without its seats, a seat of two holds, a hold without its audit row. */
    async audit(): Promise<string[]> {
      const { rows } = await transactions.pool.query<{ finding: string }>(`
        select 'hold ' || h.id || ' does not own ' || wanted as finding
        from holds h, unnest(h.seat_ids) as wanted
        left join seats s on s.seat_id = wanted
        where s.event_id = h.event_id and s.hold_id is distinct from h.id
        union all
        select 'hold ' || h.id || ' has no audit row' from holds h
        where not exists (select from audit a where a.hold_id = h.id)
        union all
        select 'seat ' || seat_id || ' is held by nobody' from seats s
        where status = 'held' and not exists (select from holds h where h.id = s.hold_id)
        limit 20`);
      return rows.map(({ finding }) => finding);
    },
  };
}

export type SeatTables = ReturnType<typeof createSeatTables>;
