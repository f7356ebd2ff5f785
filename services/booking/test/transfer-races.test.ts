import { NO_TERMS, type Terms } from '@holdfast/shared/contracts/terms.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { buy, type Person, register } from './people.ts';
import { startWorld, type World } from './world.ts';

const CANCELLABLE: Terms = {
  ...NO_TERMS,
  cancellation: [
    { untilHoursBeforeStart: 1, keepBasisPoints: 0, keepPerTicketMinor: 0, repaysFees: true },
  ],
};

type Answer = { status: number; body: { code?: string; transfer?: { status: string } } };

/** Rivals meet at a row that the test has locked, and go on in the order in which they came. */
describe('a transfer and its rivals', () => {
  let world: World;
  let mara: Person;
  let jonas: Person;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    [mara, jonas] = await Promise.all([register(world, 'Mara'), register(world, 'Jonas')]);
  });
  after(() => world?.stop());

  async function offered(parts: Parameters<typeof buy>[2] = {}) {
    const { bookingId, ticketIds, eventId } = await buy(world, mara, parts);
    const { body } = await mara.post(`/api/bookings/${bookingId}/transfers`, {
      ticketIds,
      to: jonas.email,
    });
    return {
      bookingId,
      ticketIds,
      eventId,
      transferId: body.transfer.transferId as string,
      code: body.acceptCode as string,
    };
  }
  type Offered = Awaited<ReturnType<typeof offered>>;

  const accept = ({ transferId, code }: Offered): Promise<Answer> =>
    jonas.post(`/api/transfers/${transferId}/accept`, { code });
  const end = (by: Person, how: string, { transferId }: Offered): Promise<Answer> =>
    by.post(`/api/transfers/${transferId}/${how}`);
  const cancel = async ({ bookingId }: Offered): Promise<Answer> =>
    (await world.login(['admin'])).post(`/api/bookings/${bookingId}/cancel`, { reason: 'x' });

  const waiting = async () =>
    (
      await world.rows(
        `select from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      )
    ).length;

  /** Lets requests queue up, in this order, behind a lock; answers them once it is given back. */
  async function behind(
    lock: [string, unknown[]],
    requests: readonly (() => Promise<Answer>)[],
    beforeRelease: [string, unknown[]][] = [],
  ): Promise<Answer[]> {
    const client = await world.owner.connect();
    const sent: Promise<Answer>[] = [];
    try {
      await client.query('begin');
      await client.query(...lock);
      for (const request of requests) {
        sent.push(request());
        await waitUntil('the request to wait', async () => (await waiting()) >= sent.length);
      }
      for (const [text, values] of beforeRelease) await client.query(text, values);
      await client.query('commit');
    } finally {
      client.release();
    }
    return Promise.all(sent);
  }
  const bookingRow = ({ bookingId }: Offered): [string, unknown[]] => [
    'select from bookings where id = $1 for update',
    [bookingId],
  ];
  const transferRow = ({ transferId }: Offered): [string, unknown[]] => [
    'select from transfers where id = $1 for update',
    [transferId],
  ];

  const outcome = ({ status, body }: Answer) => body.code ?? body.transfer?.status ?? status;
  async function stateOf({ bookingId, transferId }: Offered) {
    const [transfer] = await world.rows<{ status: string }>(
      'select status from transfers where id = $1',
      [transferId],
    );
    const tickets = await world.rows<{ holder: string; epoch: number; status: string }>(
      'select holder_id as holder, epoch, status from tickets where booking_id = $1',
      [bookingId],
    );
    const entries = await world.rows(
      `select from audit_entries where aggregate_id = $1 and seq > 1`,
      [transferId],
    );
    return { transfer: transfer?.status, tickets, ends: entries.length };
  }
  const both = (holder: Person, epoch: number, status = 'live') => {
    const ticket = { holder: holder.userId, epoch, status };
    return [ticket, ticket];
  };

  it('never gives tickets twice to two acceptances at once', async () => {
    const made = await offered();
    const answers = await behind(bookingRow(made), [() => accept(made), () => accept(made)]);
    expect(answers.map(outcome)).to.deep.equal(['accepted', 'accepted']);
    expect(await stateOf(made)).to.deep.equal({
      transfer: 'accepted',
      tickets: both(jonas, 2),
      ends: 1,
    });
  });

  it('is either accepted or withdrawn, never both, whoever comes first', async () => {
    const first = await offered();
    const accepted = await behind(transferRow(first), [
      () => accept(first),
      () => end(mara, 'withdraw', first),
    ]);
    expect(accepted.map(outcome)).to.deep.equal(['accepted', 'transfer_over']);
    expect((await stateOf(first)).tickets).to.deep.equal(both(jonas, 2));

    const second = await offered();
    const withdrawn = await behind(transferRow(second), [
      () => end(mara, 'withdraw', second),
      () => accept(second),
    ]);
    expect(withdrawn.map(outcome)).to.deep.equal(['withdrawn', 'transfer_over']);
    expect(await stateOf(second)).to.deep.equal({
      transfer: 'withdrawn',
      tickets: both(mara, 1),
      ends: 1,
    });
  });

  it('gets no more time by waiting: its end passes while the acceptance waits for a lock', async () => {
    const made = await offered();
    const [answer] = await behind(
      bookingRow(made),
      [() => accept(made)],
      [['update transfers set expires_at = clock_timestamp() where id = $1', [made.transferId]]],
    );
    expect(answer && outcome(answer)).to.equal('transfer_over');
    expect((await stateOf(made)).tickets).to.deep.equal(both(mara, 1));
  });

  it('gives nothing of a booking that is cancelled first, and repays one cancelled after it', async () => {
    const first = await offered();
    const cancelled = await behind(bookingRow(first), [() => cancel(first), () => accept(first)]);
    expect(cancelled.map(outcome)).to.deep.equal([200, 'transfer_over']);
    expect(await stateOf(first)).to.deep.equal({
      transfer: 'ended',
      tickets: both(mara, 1, 'void'),
      ends: 1,
    });

    const second = await offered();
    const accepted = await behind(bookingRow(second), [() => accept(second), () => cancel(second)]);
    expect(accepted.map(outcome)).to.deep.equal(['accepted', 200]);
    expect(await stateOf(second)).to.deep.equal({
      transfer: 'accepted',
      tickets: both(jonas, 2, 'void'),
      ends: 1,
    });
  });

  it('lets its buyer cancel what nobody accepted, and no seat of somebody else', async () => {
    const byBuyer =
      ({ bookingId }: Offered) =>
      (): Promise<Answer> =>
        mara.post(`/api/bookings/${bookingId}/cancel`, {});
    const first = await offered({ terms: CANCELLABLE });
    const cancelled = await behind(bookingRow(first), [byBuyer(first), () => accept(first)]);
    expect(cancelled.map(outcome)).to.deep.equal([200, 'transfer_over']);
    expect(await stateOf(first)).to.deep.equal({
      transfer: 'ended',
      tickets: both(mara, 1, 'void'),
      ends: 1,
    });

    const second = await offered({ terms: CANCELLABLE });
    const accepted = await behind(bookingRow(second), [() => accept(second), byBuyer(second)]);
    expect(accepted.map(outcome)).to.deep.equal(['accepted', 'ticket_transferred']);
    expect((await stateOf(second)).tickets).to.deep.equal(both(jonas, 2));
  });

  it('gives nothing of a ticket that is used first, and lets nobody in with the old code after it', async () => {
    const scanner = await world.login(['user', 'scanner']);
    async function scanOf({ ticketIds, eventId }: Offered) {
      const { payload } = (await mara.get(`/api/tickets/${ticketIds[1]}`)).body.ticket;
      return (): Promise<Answer> =>
        scanner.post('/api/check-in', { payload, eventId, gate: 'North' });
    }
    const ticketRow = ({ ticketIds }: Offered): [string, unknown[]] => [
      'select from tickets where id = $1 for update',
      [ticketIds[1]],
    ];
    const first = await offered();
    const scanFirst = await scanOf(first);
    const used = await behind(ticketRow(first), [scanFirst, () => accept(first)]);
    expect(used.map(outcome)).to.deep.equal([200, 'ticket_used']);
    expect(await stateOf(first)).to.deep.equal({
      transfer: 'offered',
      tickets: both(mara, 1),
      ends: 0,
    });

    const second = await offered();
    const scanSecond = await scanOf(second);
    const given = await behind(ticketRow(second), [() => accept(second), scanSecond]);
    expect(given.map(outcome)).to.deep.equal(['accepted', 'ticket_transferred']);
    expect((await stateOf(second)).tickets).to.deep.equal(both(jonas, 2));
  });

  it('offers a ticket to one person though two offers come at once', async () => {
    const { bookingId, ticketIds } = await buy(world, mara);
    const offer = (to: string) => () =>
      mara.post(`/api/bookings/${bookingId}/transfers`, { ticketIds, to });
    const answers = await behind(
      ['select from bookings where id = $1 for update', [bookingId]],
      [offer(jonas.email), offer('third@example.org')],
    );
    expect(answers.map(outcome)).to.deep.equal(['offered', 'transfer_open']);
  });
});
