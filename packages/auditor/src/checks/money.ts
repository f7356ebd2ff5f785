import { type Check, sqlCheck } from '../check.ts';
import type { ProviderIntent, Sources } from '../sources.ts';

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
    title: 'captured money has live tickets or was refunded in full',
    store: 'booking',
    counted: 'payments where captured_minor > 0',
    broken: `
      select 'booking ' || b.id || ' is ' || b.status || ' and keeps '
        || (p.captured_minor - p.refunded_minor) || ' ' || p.currency as finding
      from payments p join bookings b on b.id = p.booking_id
      where p.captured_minor > p.refunded_minor and b.status <> 'confirmed'`,
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
    title:
      'captured less refunded is the price of the live tickets with their fees and taxes, event by event',
    store: 'booking',
    counted: '(select distinct event_id from bookings) as sold',
    broken: `
      with money as (
        select b.event_id, sum(p.captured_minor - p.refunded_minor) as kept
        from payments p join bookings b on b.id = p.booking_id group by b.event_id
      ), live as (
        select event_id, sum(price) as price from (
          select t.event_id, s.price_minor + coalesce((
            select sum((c ->> 'amountMinor')::bigint) from jsonb_array_elements(b.charges) c
            where c ->> 'seatId' = t.seat_id and not (c ->> 'included')::boolean
          ), 0) as price
          from tickets t join bookings b on b.id = t.booking_id
          join booking_seats s on s.booking_id = t.booking_id and s.seat_id = t.seat_id
          where t.status = 'live'
          union all
          select b.event_id, (c ->> 'amountMinor')::bigint
          from bookings b cross join jsonb_array_elements(b.charges) c
          where c ->> 'seatId' is null and not (c ->> 'included')::boolean
            and exists (select from tickets t where t.booking_id = b.id and t.status = 'live')
        ) prices group by event_id
      )
      select 'event ' || coalesce(m.event_id, l.event_id) || ' keeps ' || coalesce(m.kept, 0)
        || ' for live tickets of ' || coalesce(l.price, 0) as finding
      from money m full join live l using (event_id)
      where coalesce(m.kept, 0) <> coalesce(l.price, 0)`,
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
      where seats + charges <> total_minor or coalesce(amount_minor, 0) <> total_minor`,
  }),
  {
    invariant: 20,
    title: 'a booking has the seats and prices that its hold fixed',
    run: compareWithHolds,
  },
];

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

async function compareWithHolds({ booking, holds }: Sources) {
  const { rows } = await booking.query<{ id: string; hold_id: string; seats: string[] }>(`
    select b.id, b.hold_id, array_agg(s.seat_id || '=' || s.price_minor order by s.seat_id collate "C") as seats
    from bookings b join booking_seats s on s.booking_id = b.id
    where b.retakes is null or b.status <> 'failed' group by b.id, b.hold_id`);
  const found = await holds
    .find({ _id: { $in: rows.map((row) => row.hold_id) } }, { projection: { seats: 1 } })
    .toArray();
  const fixed = new Map(
    found.map((hold) => [
      hold._id,
      hold.seats
        .map((seat) => `${seat.seatId}=${seat.priceMinor}`)
        .sort()
        .join(),
    ]),
  );
  const findings = rows
    .filter((row) => fixed.get(row.hold_id) !== row.seats.toSorted().join())
    .map(
      (row) =>
        `booking ${row.id} has ${row.seats.join()}, its hold ${fixed.get(row.hold_id) ?? 'does not exist'}`,
    );
  return { checked: rows.length, findings };
}
