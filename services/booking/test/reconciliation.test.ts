import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { reconcileStep } from '../src/operations/reconcile-day.ts';
import { createProviderBooks } from '../src/provider-books.ts';
import { requestDueDays } from '../src/stores/reconciliations.ts';
import { openStripe } from '../src/stripe-client.ts';
import { makeOffer } from './catalog.ts';
import type { Client } from './client.ts';
import { SECRET_KEY } from './sandbox.ts';
import { startWorld, type World } from './world.ts';

const FORGET = 'delete from balance_transactions where payment_intent = ?';

describe('the comparison with the provider', function () {
  // Its books can only be changed by hand while it is stopped.
  this.timeout(60_000);

  let world: World;
  let buyer: Client;
  let admin: Client;
  let today: string;

  before(async () => {
    world = await startWorld();
    buyer = await world.login();
    admin = await world.login(['admin']);
    const [row] = await world.rows<{ day: string }>(
      `select (now() at time zone 'UTC')::date::text as day`,
    );
    today = row?.day ?? '';
  });
  after(() => world?.stop());

  it('finds nothing in a day of sales, declines and refunds, and sums what both sides have', async () => {
    await sell();
    await sellAndRepay();
    const declined = await buyer.book(
      await world.signOffer(makeOffer(buyer.userId)),
      'pm_card_chargeDeclined',
    );
    await buyer.outcome(declined.body.booking.bookingId);
    const day = await compare();
    expect(day).to.deep.include({ state: 'done', unresolved: 0, differences: [] });
    expect(day.sums).to.deep.equal([
      {
        movement: 'capture',
        currency: 'EUR',
        countThere: 2,
        thereMinor: 19_200,
        hereMinor: 19_200,
      },
      { movement: 'refund', currency: 'EUR', countThere: 1, thereMinor: 9_600, hereMinor: 9_600 },
    ]);
    expect((await health()).reconciliation).to.include({ status: 'up' });
  });

  it('changes nothing when it is repeated', async () => {
    const before = await kept();
    await compare();
    expect(await kept()).to.deep.equal(before);
  });

  it('finds money that the provider moved and we know nothing of', async () => {
    const intent = await openStripe({
      url: world.sandbox.url,
      secretKey: SECRET_KEY,
    }).paymentIntents.create({
      amount: 700,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
    const [found] = await differences();
    expect(found).to.deep.include({
      subject: intent.id,
      movement: 'capture',
      kind: 'missing_here',
      bookingId: null,
      here: null,
      there: { currency: 'EUR', amountMinor: 700 },
    });
    expect(found?.remedy).to.include(intent.id);
    const day = await shown();
    expect(day.sums[0].thereMinor - day.sums[0].hereMinor).to.equal(700);
    expect((await health()).reconciliation).to.include({ status: 'down', required: false });
    const metrics = await (await fetch(`${world.service.url}/metrics`)).text();
    expect(metrics).to.match(/holdfast_reconciliation_differences(\{.*\})? 1\n/);
    await world.sandbox.damage([FORGET, intent.id]);
    expect(await differences()).to.deep.equal([]);
    expect((await shown()).differences[0]).to.include({ kind: 'missing_here' });
    expect((await shown()).differences[0].resolvedAt).to.not.equal(null);
  });

  it('finds a payment and a refund of ours that the provider has lost', async () => {
    const bookingId = await sellAndRepay();
    const [line] = await world.sandbox.bookOf(bookingId);
    const intent = line?.id ?? '';
    const before = await movementsOf(intent);
    await world.sandbox.damage([FORGET, intent]);
    const found = await differences();
    expect(found.map(kindOf)).to.have.deep.members([
      ['capture', 'missing_there', bookingId, 9_600, null],
      ['refund', 'missing_there', bookingId, 9_600, null],
    ]);
    await world.sandbox.damage(
      ...before.map(([id, created, body]): [string, ...string[]] => [
        'insert into balance_transactions (id, payment_intent, created, body) values (?, ?, ?, ?)',
        ...[id, intent, created, body],
      ]),
    );
    expect(await differences()).to.deep.equal([]);
  });

  it('finds amounts that differ, in our payments, our ledger or at the provider', async () => {
    const bookings = [await sell(), await sell()] as const;
    const [theirs] = await world.sandbox.bookOf(bookings[0]);
    const setTheirs = (amount: number) =>
      world.sandbox.damage([
        `update balance_transactions set body = json_set(body, '$.amount', cast(? as integer)) where payment_intent = ?`,
        String(amount),
        theirs?.id ?? '',
      ]);
    await setTheirs(9_500);
    const lines = `
      update ledger_lines l set amount_minor = sign(l.amount_minor) * $2 from ledger_journals j
      where j.id = l.journal_id and j.booking_id = $1`;
    await byHand(lines, [bookings[1], 100]);
    const found = await differences();
    expect(found.map(kindOf)).to.have.deep.members([
      ['capture', 'amount_differs', bookings[0], 9_600, 9_500],
      ['capture', 'amount_differs', bookings[1], 9_600, 9_600],
    ]);
    expect(found.find((one) => one.bookingId === bookings[1])?.here.ledgerMinor).to.equal(100);
    await setTheirs(9_600);
    await byHand(lines, [bookings[1], 9_600]);
    expect(await differences()).to.deep.equal([]);
  });

  it('finds money that moved at the provider and that we do not count', async () => {
    const bookingId = await sellAndRepay();
    await byHand(`update refunds set status = 'requested' where booking_id = $1`, [bookingId]);
    await byHand(
      `delete from ledger_lines l using ledger_journals j where j.id = l.journal_id
       and j.kind = 'refund' and j.booking_id = $1`,
      [bookingId],
    );
    expect((await differences()).map(kindOf)).to.deep.equal([
      ['refund', 'status_differs', bookingId, 0, 9_600],
    ]);
    await byHand(`update refunds set status = 'succeeded' where booking_id = $1`, [bookingId]);
    await byHand(
      `insert into ledger_lines select j.id, a.id, a.currency, -9600
       from ledger_journals j, ledger_accounts a
       where j.kind = 'refund' and j.booking_id = $1 and a.kind = 'provider_clearing'`,
      [bookingId],
    );
    expect(await differences()).to.deep.equal([]);
  });

  it('notices money that came when its booking had failed, and has it answered without a webhook', async () => {
    const placed = await buyer.post('/api/bookings', {
      offer: await world.signOffer(makeOffer(buyer.userId)),
      paymentMethod: 'pm_usBankAccount_insufficientFunds',
      paymentMethodType: 'us_bank_account',
    });
    const { bookingId } = placed.body.booking;
    expect(await buyer.outcome(bookingId)).to.include({ status: 'failed' });
    const [line] = await world.sandbox.bookOf(bookingId);
    await openStripe({ url: world.sandbox.url, secretKey: SECRET_KEY }).paymentIntents.confirm(
      line?.id ?? '',
      { payment_method: 'pm_card_visa' },
    );
    const [found] = await differences();
    expect(found).to.include({ subject: line?.id, kind: 'status_differs', bookingId });
    const retake = await waitUntil('the booking that takes the money over', async () => {
      const [row] = await world.rows<{ id: string }>('select id from bookings where retakes = $1', [
        bookingId,
      ]);
      return row?.id;
    });
    expect(await buyer.outcome(retake)).to.include({ status: 'confirmed' });
    expect(await differences()).to.deep.equal([]);
    const asked = await world.rows(
      `select from provider_calls where kind = 'await' and origin ->> 'actor' = 'system:reconciliation'`,
    );
    expect(asked).to.have.lengthOf(1);
  });

  it('takes a movement for the same that the two sides have on two sides of midnight', async () => {
    const bookingId = await sell();
    const [line] = await world.sandbox.bookOf(bookingId);
    const yesterday = Math.floor(Date.parse(`${today}T00:00:00Z`) / 1_000) - 1;
    await world.sandbox.damage([
      `update balance_transactions set created = cast(? as integer),
         body = json_set(body, '$.created', cast(? as integer)) where payment_intent = ?`,
      String(yesterday),
      String(yesterday),
      line?.id ?? '',
    ]);
    expect(await differences()).to.deep.equal([]);
    const dayBefore = new Date(yesterday * 1_000).toISOString().slice(0, 10);
    const { sums, differences: none } = await compare(dayBefore);
    expect(none).to.deep.equal([]);
    expect(sums).to.deep.equal([
      { movement: 'capture', currency: 'EUR', countThere: 1, thereMinor: 9_600, hereMinor: 9_600 },
    ]);
  });

  it('goes on after a crash at any step, and ends as if there had been none', async () => {
    const before = (await compare()).sums;
    const { db } = await world.service.ready;
    const books = createProviderBooks(
      openStripe({ url: world.sandbox.url, secretKey: SECRET_KEY }),
    );
    await world.loops.reconciliation.stop();
    await admin.post('/api/admin/reconciliations', { day: today });
    const states: string[] = [];
    for (;;) {
      const dead = { db, books: dying(books), lagSeconds: 0 };
      // A step dies once it has its day; the lease of the dead runs out.
      await reconcileStep(dead).catch(() => undefined);
      await world.rows('update reconciliations set leased_until = null');
      const step = await reconcileStep({ db, books, lagSeconds: 0 });
      if (step === undefined) break;
      states.push(step.state);
    }
    world.loops.reconciliation.start();
    expect(states.at(-1)).to.equal('comparing');
    expect((await shown()).sums).to.deep.equal(before);
  });

  it('makes up for days that were missed, or compared before they were over', async () => {
    const { db } = await world.service.ready;
    await world.loops.reconciliation.stop();
    const day = (before: number) => `(now() at time zone 'UTC')::date - ${before}`;
    for (const table of ['reconciliation_sums', 'reconciliations']) {
      await world.rows(`delete from ${table} where day < ${day(0)}`);
    }
    await world.rows(`insert into reconciliations (day, state, covers_until, requested_by) values
      (${day(5)}, 'done', (${day(4)})::timestamp at time zone 'UTC', 'test'),
      (${day(3)}, 'done', (${day(3)})::timestamp at time zone 'UTC' + interval '9 hours', 'test')`);
    await requestDueDays(db, 0);
    const asked = await world.rows<{ ago: number }>(
      `select (now() at time zone 'UTC')::date - day as ago from reconciliations
       where state = 'requested' order by day`,
    );
    expect(asked.map(({ ago }) => ago)).to.deep.equal([4, 3, 2, 1]);
    world.loops.reconciliation.start();
    await waitUntil('all of them', async () => {
      const open = await world.rows(`select from reconciliations where state <> 'done'`);
      return open.length === 0;
    });
  });

  it('is asked for by admins, for days that have begun', async () => {
    const late = await admin.post('/api/admin/reconciliations', { day: '2999-01-01' });
    expect(late.body).to.include({ code: 'invalid_request' });
    const none = await admin.post('/api/admin/reconciliations', { day: '2026-02-30' });
    expect(none.body).to.include({ code: 'invalid_request' });
    const asked = await admin.post('/api/admin/reconciliations', {});
    expect(asked.status).to.equal(202);
    expect(asked.headers.get('location')).to.match(
      /^\/api\/admin\/reconciliations\/\d{4}-\d\d-\d\d$/,
    );
    const { reconciliations } = (await admin.get('/api/admin/reconciliations')).body;
    expect(reconciliations.map(({ day }: { day: string }) => day)).to.include(today);
    const unknown = await admin.get('/api/admin/reconciliations/2020-01-01');
    expect(unknown.body.code).to.equal('reconciliation_not_found');
    for (const [method, path] of [
      ['POST', '/api/admin/reconciliations'],
      ['GET', '/api/admin/reconciliations'],
      ['GET', `/api/admin/reconciliations/${today}`],
    ] as const) {
      const body = method === 'POST' ? {} : undefined;
      expect((await buyer.send(method, path, body)).status, path).to.equal(403);
      expect((await fetch(world.service.url + path, { method })).status, path).to.equal(401);
    }
  });

  async function sell(): Promise<string> {
    const placed = await buyer.book(await world.signOffer(makeOffer(buyer.userId)));
    const { bookingId } = placed.body.booking;
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
    return bookingId;
  }

  async function sellAndRepay(): Promise<string> {
    const bookingId = await sell();
    await admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'test' });
    await world.catalog.hears(bookingId, 'payment.refunded.v1');
    return bookingId;
  }

  const shown = async (day = today) =>
    (await admin.get(`/api/admin/reconciliations/${day}`)).body.reconciliation;

  async function compare(day = today) {
    const asked = await admin.post('/api/admin/reconciliations', { day });
    expect(asked.status, JSON.stringify(asked.body)).to.equal(202);
    return waitUntil('the day to be compared', async () => {
      const report = await shown(day);
      return report.state === 'done' && report;
    });
  }

  type Found = {
    movement: string;
    kind: string;
    subject: string;
    bookingId: string | null;
    here: { amountMinor: number; ledgerMinor: number };
    there: { amountMinor: number } | null;
    remedy: string;
    resolvedAt: string | null;
  };
  const differences = async (): Promise<Found[]> =>
    (await compare()).differences.filter((one: Found) => one.resolvedAt === null);
  const kindOf = (one: Found) => [
    one.movement,
    one.kind,
    one.bookingId,
    one.here.amountMinor,
    one.there?.amountMinor ?? null,
  ];

  type Health = { reconciliation: { status: string; required: boolean } };
  const health = async () =>
    ((await (await fetch(`${world.service.url}/health`)).json()) as { dependencies: Health })
      .dependencies;

  const kept = () =>
    world.rows(`
      select day::text, state, s.movement, s.currency, there_minor, here_minor, d.subject, d.found_at
      from reconciliations r left join reconciliation_sums s using (day)
      left join reconciliation_differences d using (day) order by 1, 3`);

  /** What a hand with full rights could do, triggers and constraints aside. */
  async function byHand(statement: string, values: unknown[]): Promise<void> {
    const hand = await world.owner.connect();
    await hand.query('set session_replication_role = replica');
    const { rowCount } = await hand.query(statement, values);
    await hand.query('set session_replication_role = default');
    hand.release();
    expect(rowCount).to.be.greaterThan(0);
  }

  async function movementsOf(intent: string): Promise<[string, string, string][]> {
    const stripe = openStripe({ url: world.sandbox.url, secretKey: SECRET_KEY });
    const all = await stripe.balanceTransactions.list({ limit: 100, expand: ['data.source'] });
    return all.data.flatMap((one) => {
      const source = one.source as { id: string; payment_intent: string } | null;
      if (source?.payment_intent !== intent) return [];
      const body = { ...one, source: source.id };
      return [[one.id, String(one.created), JSON.stringify(body)] as [string, string, string]];
    });
  }

  /** The provider's books for an instance that dies as they answer. */
  function dying(books: ReturnType<typeof createProviderBooks>) {
    const die = (): never => {
      throw new Error('the instance has died');
    };
    return {
      readPage: (wanted: Parameters<typeof books.readPage>[0]) => books.readPage(wanted).then(die),
      read: die,
    };
  }
});
