import { Readable } from 'node:stream';
import type { Store } from './store.ts';
import type { Metadata, PaymentIntent, PaymentIntentStatus } from './stripe-objects.ts';

/** What an auditor compares with its own books. Amounts in the currency's minor unit. */
export type ReportLine = {
  readonly id: string;
  readonly created: number;
  readonly status: PaymentIntentStatus;
  readonly currency: string;
  readonly amount: number;
  /** Still authorized and neither captured nor released. */
  readonly capturable: number;
  /** Summed over the movements of money, not read from the intent. */
  readonly captured: number;
  readonly refunded: number;
  /** How many captures moved money; more than one is a defect of the provider. */
  readonly captures: number;
  readonly refunds: number;
  readonly metadata: Metadata;
};

const PAGE = 500;

type Row = {
  seq: number;
  body: string;
  captured: number;
  refunded: number;
  captures: number;
  refunds: number;
};

/** All payment intents, oldest first, one JSON line each. Reads page by page, so as not to stall others. */
export function streamReport({ db }: Store): Readable {
  const select = db.prepare(`
    with page as (select seq, id, body from payment_intents where seq > ? order by seq limit ${PAGE}),
    moved as (
      select page.seq, json_extract(b.body, '$.type') as type, json_extract(b.body, '$.amount') as amount
      from page join balance_transactions b on b.payment_intent = page.id
    )
    select page.seq, page.body,
      coalesce(sum(moved.amount) filter (where moved.type = 'charge'), 0) as captured,
      coalesce(-sum(moved.amount) filter (where moved.type in ('refund', 'refund_failure')), 0) as refunded,
      count(*) filter (where moved.type = 'charge') as captures,
      count(*) filter (where moved.type = 'refund') as refunds
    from page left join moved on moved.seq = page.seq
    group by page.seq order by page.seq`);

  function* readPages(): Generator<string> {
    let after = 0;
    for (;;) {
      const rows = select.all(after) as Row[];
      if (rows.length === 0) return;
      yield rows.map((row) => `${JSON.stringify(readLine(row))}\n`).join('');
      after = rows.at(-1)?.seq ?? after;
    }
  }
  return Readable.from(readPages());
}

function readLine({ body, captured, refunded, captures, refunds }: Row): ReportLine {
  const intent = JSON.parse(body) as PaymentIntent;
  return {
    id: intent.id,
    created: intent.created,
    status: intent.status,
    currency: intent.currency,
    amount: intent.amount,
    capturable: intent.amount_capturable,
    captured,
    refunded,
    captures,
    refunds,
    metadata: intent.metadata,
  };
}
