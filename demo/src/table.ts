import type { AuditReport, EventFigures } from '@holdfast/auditor/audit.ts';
import { type Api, expectSuccess } from './api.ts';
import type { Sale } from './buyer.ts';
import type { LoadedCatalog } from './catalog.ts';

export type SaleResult = {
  catalog: LoadedCatalog;
  buyers: number;
  seed: number;
  sellMs: number;
  faults: readonly string[];
  sale: Sale;
  report: AuditReport;
  /** Of one of the buyers, to look around with. */
  login: { email: string; password: string };
};

type RevenueRow = {
  revenueRank: number;
  event: string;
  city: string | null;
  currency: string;
  liveTickets: number;
  netMinor: number;
};

/** The demo's closing page: the sale, what the auditor read, and the report's first rows. */
export async function renderResult(result: SaleResult, api: Api, token: string): Promise<string> {
  const { catalog, sale, report } = result;
  const figures = report.events.find((event) => event.eventId === catalog.hot.eventId);
  if (figures === undefined) throw new Error('The auditor did not see the hot event');
  const sections = [
    heading(`${catalog.hot.name}: ${catalog.hot.seatCount} seats, ${result.buyers} buyers`),
    renderSale(result, figures),
    heading('Latency (ms, seen by the buyers)'),
    columns([
      ['', 'p50', 'p95', 'count'],
      ['hold', ...latencyRow(sale.holdMs)],
      ['hold to confirmed', ...latencyRow(sale.confirmedMs)],
    ]),
    heading('Revenue by event (analytics.revenue_by_event)'),
    await renderRevenue(api, token),
    heading('Auditor'),
    report.report,
    ...(result.faults.length === 0
      ? []
      : [heading('Answers that must not be'), ...new Set(result.faults)].slice(0, 10)),
    `\nA buyer's login: ${result.login.email}, password "${result.login.password}". Seed ${result.seed}.`,
  ];
  return sections.join('\n');
}

function renderSale({ sale, sellMs }: SaleResult, figures: EventFigures): string {
  const declined = figures.failedByReason.filter(({ reason }) => reason !== 'hold_expired');
  const rows = [
    ['hold attempts by buyers', count(sale.counts.attempts)],
    ...[...sale.refusals].map(([code, times]) => [`refused: ${code}`, count(times)]),
    ['requests sent twice on purpose', count(sale.counts.repeats)],
    ['holds taken', count(figures.holds)],
    ['holds released or expired', count(figures.holdsReleased + figures.holdsExpired)],
    ['bookings confirmed', count(figures.bookingsConfirmed)],
    ['bookings declined', count(declined.reduce((sum, { bookings }) => sum + bookings, 0))],
    ['seats oversold', count(figures.oversold)],
    ['seats sold', `${count(figures.seatsSold)} of ${count(figures.seats)}`],
    ['tickets live', count(figures.ticketsLive)],
    [
      'captured minus refunded',
      money(figures.capturedMinor - figures.refundedMinor, figures.currency),
    ],
    ['price of the live tickets', money(figures.ticketsMinor, figures.currency)],
    ['time to sell', `${(sellMs / 1_000).toFixed(1)} s`],
  ];
  return columns(rows);
}

async function renderRevenue(api: Api, token: string): Promise<string> {
  const answer = await api.get<{ rows: RevenueRow[] }>(
    '/api/admin/reports/revenue-by-event?limit=5',
    token,
  );
  const { rows } = expectSuccess('The revenue report', answer);
  return columns([
    ['rank', 'event', 'city', 'tickets', 'net'],
    ...rows
      .slice(0, 5)
      .map((row) => [
        String(row.revenueRank),
        row.event,
        row.city ?? '',
        count(row.liveTickets),
        money(row.netMinor, row.currency),
      ]),
  ]);
}

function latencyRow(latency: Sale['holdMs']): string[] {
  return [
    latency.percentile(50).toFixed(0),
    latency.percentile(95).toFixed(0),
    count(latency.count()),
  ];
}

function heading(text: string): string {
  return `\n${text}\n${'-'.repeat(text.length)}`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

/** An amount of minor units in the currency's own form. */
function money(minor: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minor / 10 ** digits);
}

/** Rows as aligned columns: the first to the left, numbers to the right. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, at) =>
          /^[\d,.]+$/.test(cell) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
