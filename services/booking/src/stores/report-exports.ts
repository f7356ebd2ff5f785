import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { urlOf } from '@holdfast/shared/postgres/database.ts';
import pg from 'pg';
import QueryStream from 'pg-query-stream';

export const REPORT_VIEWS = [
  'audit_trail',
  'checkout_funnel',
  'customer_cohorts',
  'freshness',
  'hold_outcomes',
  'price_tier_mix',
  'recent_bookings',
  'refunds',
  'revenue_by_event',
  'sales_daily',
  'seat_fill',
  'sellout_forecast',
  'time_to_sellout',
] as const;
export type ReportView = (typeof REPORT_VIEWS)[number];

/** All rows of a view at one instant, each as JSON text. */
export type ReportRows = {
  readonly kind: 'rows';
  readonly columns: readonly string[];
  readonly lines: AsyncIterable<string>;
};

/** Exports at the same time, in this process; each has a connection of its own meanwhile. */
const MOST = 3;
const ROWS_AT_ONCE = 500;

export type ReportExports = ReturnType<typeof createReportExports>;

/**
 * Reads whole views without keeping them in memory, on connections apart from those of checkouts
 * and as the role analyst. The server looks each second whether the other end still is there, so a
 * connection that is cut ends its query.
 */
export function createReportExports(to: { url: string; database: string }) {
  const pool = new pg.Pool({
    connectionString: urlOf(to.url, to.database),
    max: MOST,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 10_000,
    options: '-c role=analyst -c timezone=UTC -c client_connection_check_interval=1s',
    application_name: `holdfast ${to.database} exports`,
  });
  // A connection that breaks fails its export; one that nobody uses is no loss.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  let underWay = 0;

  /** Ends when `signal` aborts, whether or not its rows are being read. */
  async function read(view: ReportView, signal: AbortSignal): Promise<ReportRows | Refusal> {
    if (underWay >= MOST) {
      return refused(
        'too_many_requests',
        `${MOST} reports are being exported already: try again when one has ended.`,
      );
    }
    underWay += 1;
    let client: pg.PoolClient | undefined;
    let ended = false;
    const end = (cut: boolean) => {
      if (ended) return;
      ended = true;
      underWay -= 1;
      signal.removeEventListener('abort', onAbort);
      client?.release(cut);
    };
    const onAbort = () => end(true);
    try {
      client = await pool.connect();
      signal.throwIfAborted();
      signal.addEventListener('abort', onAbort, { once: true });
      const columns = await columnsOf(client, view);
      // Its name comes from the list above, never from a request.
      const text = `select row_to_json(report)::text as line from analytics.${view} report`;
      const stream = client.query(new QueryStream(text, [], { batchSize: ROWS_AT_ONCE }));
      return { kind: 'rows', columns, lines: linesOf(stream, end) };
    } catch (error) {
      end(true);
      throw error;
    }
  }

  return { read, close: () => pool.end() };
}

async function columnsOf(client: pg.PoolClient, view: ReportView): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = ('analytics.' || $1)::regclass and attnum > 0 order by attnum`,
    [view],
  );
  return rows.map(({ name }) => name);
}

async function* linesOf(stream: QueryStream, end: (cut: boolean) => void): AsyncGenerator<string> {
  let whole = false;
  try {
    for await (const row of stream) yield (row as { line: string }).line;
    whole = true;
  } finally {
    end(!whole);
  }
}
