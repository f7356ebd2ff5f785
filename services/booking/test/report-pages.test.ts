import { readdir, readFile } from 'node:fs/promises';
import { newMessage } from '@holdfast/shared/contracts/contract.ts';
import { eventUpdated } from '@holdfast/shared/contracts/events.ts';
import { holdTaken } from '@holdfast/shared/contracts/holds.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { makeOffer, makeSeat } from './catalog.ts';
import { startWorld, type World } from './world.ts';

const PAGES = new URL('../../../docs/reports/', import.meta.url);

/** docs/reports/ says what the database says, and its queries can be used as they stand. */
describe('pages of reports', () => {
  let world: World;
  const pages = new Map<string, string>();

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    for (const name of await readdir(PAGES)) {
      if (name === 'README.md') continue;
      pages.set(name.replace(/\.md$/, ''), await readFile(new URL(name, PAGES), 'utf8'));
    }
    await haveSomethingToReport();
  });
  after(() => world?.stop());

  async function haveSomethingToReport(): Promise<void> {
    const eventId = newId();
    const buyer = await world.login();
    const offer = makeOffer(buyer.userId, { eventId });
    const holdData = { holdId: offer.holdId, eventId, userId: buyer.userId, expiresAt: null };
    const seats = offer.seats.map(({ seatId }) => ({
      seatId,
      version: 2,
      status: 'held' as const,
    }));
    const taken = newMessage(holdTaken, {
      key: offer.holdId,
      version: 1,
      time: new Date(),
      origin: systemOrigin('pages-test', newId()),
      data: { ...holdData, seats },
    });
    await world.bus.publish([taken]);
    await world.catalog.publishEvent(eventUpdated, { eventId, seatCount: 2 }, 2);
    const other = makeOffer(buyer.userId, { eventId, seats: [makeSeat('B-1')] });
    for (const one of [offer, other]) {
      const { bookingId } = (await buyer.book(await world.signOffer(one))).body.booking;
      await buyer.outcome(bookingId);
      if (one !== other) continue;
      const admin = await world.login(['admin']);
      await admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'customer_request' });
    }
    await waitUntil('the projections', async () => {
      const [row] = await world.rows<{ sources: number }>(
        `select count(*)::int as sources from analytics.freshness
         where messages > 0 and source in ('catalog.holds', 'catalog.events')`,
      );
      return row?.sources === 2;
    });
    await world.loops.forecasts.runOnce();
  }

  it('are one for each view, which the index lists', async () => {
    const views = await world.rows<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'analytics'::regnamespace`,
    );
    expect([...pages.keys()]).to.have.members(views.map(({ name }) => name));
    const index = await readFile(new URL('README.md', PAGES), 'utf8');
    for (const name of pages.keys()) expect(index).to.include(`[${name}](${name}.md)`);
  });

  it('give the meaning of the view and of each column as the database has it', async () => {
    for (const [view, page] of pages) {
      const columns = await world.rows<{ name: string; meaning: string; view: string }>(
        `select attname as name, col_description(attrelid, attnum) as meaning,
           obj_description(attrelid) as view
         from pg_attribute where attrelid = ('analytics.' || $1)::regclass and attnum > 0
         order by attnum`,
        [view],
      );
      const table = columns.map(({ name, meaning }) => `| \`${name}\` | ${meaning} |`).join('\n');
      expect(page).to.include(`# analytics.${view}\n\n${columns[0]?.view}.\n`);
      expect(page).to.include(`| column | meaning |\n|---|---|\n${table}\n\n`);
    }
  });

  it('have queries that an analyst can run, with the columns that the page shows', async () => {
    const client = await world.owner.connect();
    try {
      await client.query('set role analyst');
      for (const [view, page] of pages) {
        const samples = [...page.matchAll(/```sql\n([\s\S]*?)```\n\n[^|]*\n\n\| (.*) \|\n/g)];
        expect(samples.length, view).to.equal(page.split('```sql').length - 1);
        expect(samples.length, view).to.be.at.least(1);
        for (const [, query = '', header = ''] of samples) {
          const { rows, fields } = await client.query(query);
          expect(fields.map(({ name }) => name).join(' | '), query).to.equal(header);
          expect(rows.length, query).to.be.at.least(1);
        }
      }
    } finally {
      client.release(true);
    }
  });
});
