import { type Check, sqlCheck } from '../check.ts';
import type { ProviderIntent, Sources } from '../sources.ts';
import { compareWithHolds } from './holds-of-booking.ts';
import { SEATS, STANDING } from './prices.ts';

type PaymentRow = {
  booking_id: string;
  provider_id: string | null;
  captured: number;
  refunded: number;
};

/** What a booking `b` was charged on top of its seats, of a kind. */
const charged = (kind: 'fee' | 'tax') => `coalesce((
  select sum((c ->> 'amountMinor')::bigint) from jsonb_array_elements(b.charges) c
  where c ->> 'kind' = '${kind}' and not (c ->> 'included')::boolean), 0)`;

/** Rules over money: our ledger, our payments, the provider's report. */
export const MONEY_CHECKS: readonly Check[] = [
  sqlCheck({
    invariant: 6,
    title: 'captured money has live tickets, was refunded in full, or was kept of a cancellation',
    store: 'booking',
    counted: 'payments where captured_minor > 0',
    broken: `
      select 'booking ' || b.id || ' is ' || b.status || ' and keeps '
        || (p.captured_minor - p.refunded_minor) || ' ' || p.currency as finding
      from payments p join bookings b on b.id = p.booking_id
      where b.status <> 'confirmed' and (p.captured_minor - p.refunded_minor <> p.kept_minor
        or (p.kept_minor > 0 and b.status <> 'cancelled'))`,
  }),
  sqlCheck({
    invariant: 6,
    title: 'no capture was asked for before tickets were reserved under a pin',
    store: 'booking',
    counted: `provider_calls where kind in ('capture', 'charge')`,
    broken: `
      select 'booking ' || c.booking_id || ' was to be captured without tickets' as finding
      from provider_calls c
      where c.kind in ('capture', 'charge')
        and not exists (select from tickets t where t.booking_id = c.booking_id)`,
  }),
  sqlCheck({
    invariant: 7,
    title: 'captured less refunded is what live tickets cost and cancellations kept',
    store: 'booking',
    counted: 'payments where captured_minor > 0',
    broken: `
      ${STANDING}
      select 'booking ' || booking_id || ' keeps ' || captured_minor - refunded_minor
        || ' for live tickets of ' || live || ' and ' || kept_minor || ' of cancelled ones' as finding
      from standing where captured_minor - refunded_minor <> live + kept_minor`,
  }),
  sqlCheck({
    invariant: 7,
    title: 'what cancellations kept is what was not repaid of cancelled seats',
    store: 'booking',
    counted: 'payments where captured_minor > 0',
    broken: `
      ${STANDING}
      select 'booking ' || booking_id || ' is said to have kept ' || kept_minor
        || ', its cancelled seats say ' || cancelled as finding
      from standing where kept_minor <> cancelled`,
  }),
  sqlCheck({
    invariant: 8,
    title:
      'a refund repays what its parts say, no part more than was paid, a payment counts them all',
    store: 'booking',
    counted: 'refunds',
    broken: `
      select 'refund ' || r.id || ' of ' || r.amount_minor || ' has parts of '
        || coalesce(sum(p.amount_minor), 0) as finding
      from refunds r left join refund_parts p on p.refund_id = r.id
      group by r.id, r.amount_minor having r.amount_minor <> coalesce(sum(p.amount_minor), 0)
      union all
      select 'booking ' || booking_id || ' was repaid more of ' || seat_id || ' than it cost'
      from (${SEATS}) seats where repaid > paid
      union all
      select 'payment ' || p.id || ' counts ' || p.refunded_minor || ' refunded, its refunds are '
        || coalesce(sum(r.amount_minor), 0)
      from payments p left join refunds r on r.payment_id = p.id
      group by p.id, p.refunded_minor having p.refunded_minor <> coalesce(sum(r.amount_minor), 0)`,
  }),
  sqlCheck({
    invariant: 8,
    title: 'the ledger owes to buyers what refunds have not paid',
    store: 'booking',
    counted: 'refunds',
    broken: `
      with owed as (
        select l.currency, -sum(l.amount_minor) as balance
        from ledger_lines l join ledger_accounts a on a.id = l.account_id
        where a.kind = 'refunds_payable' group by l.currency
      ), unpaid as (
        select currency, coalesce(sum(amount_minor) filter (where status <> 'succeeded'), 0) as balance
        from refunds group by currency
      )
      select 'the ledger owes ' || coalesce(o.balance, 0) || ' ' || currency
        || ' to buyers, refunds have not paid ' || coalesce(u.balance, 0) as finding
      from owed o full join unpaid u using (currency)
      where coalesce(o.balance, 0) <> coalesce(u.balance, 0)`,
  }),
  sqlCheck({
    invariant: 8,
    title: 'each journal sums to zero in each currency',
    store: 'booking',
    counted: 'ledger_journals',
    broken: `
      select 'journal ' || journal_id || ' sums to ' || sum(amount_minor) || ' ' || currency as finding
      from ledger_lines group by journal_id, currency having sum(amount_minor) <> 0`,
  }),
  sqlCheck({
    invariant: 8,
    title: 'the ledger has what the payments have',
    store: 'booking',
    counted: 'ledger_lines',
    broken: `
      with clearing as (
        select l.currency, sum(l.amount_minor) as balance
        from ledger_lines l join ledger_accounts a on a.id = l.account_id
        where a.kind = 'provider_clearing' group by l.currency
      ), paid as (
        select p.currency, sum(p.captured_minor) - coalesce(sum(r.paid), 0) as balance
        from payments p left join (
          select payment_id, sum(amount_minor) as paid from refunds
          where status = 'succeeded' group by payment_id
        ) r on r.payment_id = p.id group by p.currency
      )
      select 'the clearing account has ' || coalesce(c.balance, 0) || ' ' || currency
        || ', payments say ' || coalesce(p.balance, 0) as finding
      from clearing c full join paid p using (currency)
      where coalesce(c.balance, 0) <> coalesce(p.balance, 0)`,
  }),
  sqlCheck({
    invariant: 8,
    title: 'the ledger has face values, fees and taxes as bookings were charged and paid back',
    store: 'booking',
    counted: `payments where captured_minor > 0`,
    broken: `
      with journals as (
        select j.booking_id,
          -coalesce(sum(l.amount_minor) filter (where a.kind = 'organizer_payable'), 0) as face,
          -coalesce(sum(l.amount_minor) filter (where a.kind = 'fees_income'), 0) as fees,
          -coalesce(sum(l.amount_minor) filter (where a.kind = 'taxes_payable'), 0) as taxes
        from ledger_journals j join ledger_lines l on l.journal_id = j.id
        join ledger_accounts a on a.id = l.account_id group by j.booking_id
      ), sold as (
        select b.id, p.captured_minor, p.refunded_minor, p.refunded_fees_minor,
          p.refunded_taxes_minor,
          (select sum(s.price_minor) from booking_seats s where s.booking_id = b.id) as face,
          ${charged('fee')} as fees, ${charged('tax')} as taxes
        from payments p join bookings b on b.id = p.booking_id where p.captured_minor > 0
      ), kept as (
        select id, fees - refunded_fees_minor as fees, taxes - refunded_taxes_minor as taxes,
          face - (refunded_minor - refunded_fees_minor - refunded_taxes_minor) as face
        from sold
      )
      select 'booking ' || k.id || ' keeps ' || concat_ws(', ', k.face, k.fees, k.taxes)
        || ' of face values, fees and taxes, the ledger has '
        || concat_ws(', ', j.face, j.fees, j.taxes) as finding
      from kept k left join journals j on j.booking_id = k.id
      where (k.face, k.fees, k.taxes) is distinct from (j.face, j.fees, j.taxes)`,
  }),
  {
    invariant: 8,
    title: 'the provider moved exactly the money that our books say',
    run: compareWithProvider,
  },
  {
    invariant: 8,
    title: 'nothing is left reserved at the provider for a booking that is over',
    run: findReservedMoney,
  },
  {
    invariant: 9,
    title: 'a booking was captured at most once at the provider',
    async run({ readProvider }) {
      const intents = await readProvider();
      const captures = new Map<string, number>();
      for (const intent of intents) {
        if (intent.bookingId === undefined) continue;
        captures.set(intent.bookingId, (captures.get(intent.bookingId) ?? 0) + intent.captures);
      }
      const findings = [...captures]
        .filter(([, count]) => count > 1)
        .map(([bookingId, count]) => `booking ${bookingId} was captured ${count} times`);
      return { checked: intents.length, findings };
    },
  },
  sqlCheck({
    invariant: 20,
    title: 'the price charged is that of the offer: its seats, fees and taxes',
    store: 'booking',
    counted: 'bookings',
    broken: `
      with prices as (
        select b.id, b.total_minor, p.amount_minor,
          (select sum(s.price_minor) from booking_seats s where s.booking_id = b.id) as seats,
          ${charged('fee')} + ${charged('tax')} as charges
        from bookings b left join payments p on p.booking_id = b.id
      )
      select 'booking ' || id || ' costs ' || total_minor || ', its seats ' || seats
        || ', fees and taxes ' || charges || ', its payment '
        || coalesce(amount_minor::text, 'none') as finding
      from prices
      where seats + charges <> total_minor
        or (coalesce(amount_minor, 0) <> total_minor
          and not (amount_minor is null and id in (select retakes from bookings where retakes is not null)))`,
  }),
  {
    invariant: 20,
    title: 'a booking has the seats and prices that its hold fixed',
    run: compareWithHolds,
  },
];

async function findReservedMoney({ booking, readProvider }: Sources) {
  const { rows } = await booking.query<{ booking_id: string; provider_id: string }>(`
    select p.booking_id, p.provider_id from payments p join bookings b on b.id = p.booking_id
    where b.status in ('failed', 'cancelled') and p.provider_id is not null`);
  const intents = await readProvider();
  const reserved = new Set(
    intents.filter(({ status }) => status === 'requires_capture').map(({ id }) => id),
  );
  const findings = rows
    .filter((row) => reserved.has(row.provider_id))
    .map((row) => `the money of booking ${row.booking_id} is still reserved (${row.provider_id})`);
  return { checked: rows.length, findings };
}

async function compareWithProvider({ booking, readProvider }: Sources) {
  const { rows } = await booking.query<PaymentRow>(`
    select p.booking_id, p.provider_id, p.captured_minor::float8 as captured,
      coalesce((select sum(amount_minor) from refunds r
        where r.payment_id = p.id and r.status = 'succeeded'), 0)::float8 as refunded
    from payments p`);
  const intents = await readProvider();
  const ours = new Map(rows.map((row) => [row.booking_id, row]));
  const known = new Set(rows.map((row) => row.provider_id));
  const byId = new Map<string, ProviderIntent>(intents.map((intent) => [intent.id, intent]));
  const findings = rows.flatMap((row) => {
    const intent = byId.get(row.provider_id ?? '');
    const captured = intent?.capturedMinor ?? 0;
    const refunded = intent?.refundedMinor ?? 0;
    return captured === row.captured && refunded === row.refunded
      ? []
      : [
          `booking ${row.booking_id}: we have ${row.captured} captured and ${row.refunded} refunded, the provider ${captured} and ${refunded}`,
        ];
  });
  const strays = intents
    .filter(
      (intent) =>
        intent.bookingId !== undefined && ours.has(intent.bookingId) && !known.has(intent.id),
    )
    .filter((intent) => intent.capturedMinor > 0 || intent.status === 'requires_capture')
    .map(
      (intent) =>
        `the provider's ${intent.id} (${intent.status}) for booking ${intent.bookingId} is in no payment`,
    );
  return { checked: rows.length, findings: [...findings, ...strays] };
}
