import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { sql } from 'drizzle-orm';
import { makeOffer } from './catalog.ts';
import { startWorld, WEBHOOK_SECRET, type World } from './world.ts';

/** Each purchase adds rows to them. */
const GROWING = [
  'audit_entries',
  'audit_heads',
  'booking_ids',
  'booking_seats',
  'bookings',
  'buyer_quotas',
  'hold_claims',
  'holds',
  'idempotency_keys',
  'inbox',
  'ledger_journals',
  'ledger_lines',
  'payments',
  'provider_calls',
  'tickets',
  'webhook_events',
];
const DECLINED = 'pm_card_visa_chargeDeclined';

type Prepared = { name: string; statement: string; parameters: number };

/** Where a plan reads the whole of a growing table; an index of open rows only is short. */
function wholeReads(plan: readonly string[], shortIndexes: ReadonlySet<string>): string[] {
  return plan.filter((line, at) => {
    const seq = /Seq Scan on (\w+)/.exec(line);
    const index =
      /(?:Index (?:Only )?Scan|Bitmap Index Scan)(?: Backward)?(?: using)? (?:on )?(\w+)/.exec(
        line,
      );
    if (seq) return GROWING.some((table) => isOf(table, seq[1]));
    if (index === null || shortIndexes.has(index[1] ?? '')) return false;
    const isGrowing = GROWING.some((table) => isOf(table, /(?: on )(\w+)/.exec(line)?.[1]));
    return isGrowing && !/Index Cond:/.test(plan[at + 1] ?? '');
  });
}

function isOf(table: string, found = ''): boolean {
  return found === table || found.startsWith(`${table}_20`);
}

describe('the statements of a purchase', () => {
  let world: World;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    const url = `${world.service.url}/api/webhooks/stripe`;
    await world.sandbox.kill();
    await world.sandbox.start({ WEBHOOK_URL: url, WEBHOOK_SECRET });
  });
  after(() => world?.stop());

  it('look each row up by an index, though their plans were made while the tables were empty', async () => {
    const buyer = await world.login();
    const offers = [makeOffer(buyer.userId), makeOffer(buyer.userId), makeOffer(buyer.userId)];
    const statuses = await Promise.all(
      offers.map(async (offer, at) => {
        const signed = await world.signOffer(offer);
        const answer = await buyer.book(signed, at === 0 ? DECLINED : undefined);
        return (await buyer.outcome(answer.body.booking.bookingId)).status;
      }),
    );
    expect(statuses).to.deep.equal(['failed', 'confirmed', 'confirmed']);
    await world.loops.relay.drain();
    await waitUntil(
      'a webhook',
      async () => (await world.rows('select from webhook_events')).length > 0,
    );
    const partial = await world.rows<{ name: string }>(
      'select indexrelid::regclass::text as name from pg_index where indpred is not null',
    );
    const short = new Set(partial.map(({ name }) => name));
    const { lookups } = (await world.service.ready).postgres;
    const seen = new Map<string, string[]>();
    await Promise.all(
      Array.from({ length: 12 }, () =>
        lookups.transaction(async (tx) => {
          await tx.execute(sql`set local plan_cache_mode = force_generic_plan`);
          const { rows } = await tx.execute<Prepared>(sql`
            select name, statement, cardinality(parameter_types) as parameters
            from pg_prepared_statements where statement ~* '^\\s*(select|with|insert|update|delete|merge)'`);
          for (const { name, statement, parameters } of rows) {
            if (seen.has(statement) || statement.includes('pg_prepared_statements')) continue;
            const nulls = Array.from({ length: parameters }, () => 'null').join();
            const { rows: lines } = await tx.execute<{ 'QUERY PLAN': string }>(
              sql.raw(`explain execute "${name}"${parameters > 0 ? `(${nulls})` : ''}`),
            );
            const plan = lines.map((line) => line['QUERY PLAN']);
            seen.set(statement, wholeReads(plan, short));
          }
        }),
      ),
    );
    expect(seen.size).to.be.greaterThan(25);
    expect([...seen.keys()].filter((text) => text.includes('webhook_events'))).to.have.length(1);
    const bad = [...seen].filter(([, reads]) => reads.length > 0);
    expect(bad).to.deep.equal([]);
  });
});
