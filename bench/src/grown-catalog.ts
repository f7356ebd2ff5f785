import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import type { Document } from 'mongodb';
import { askFor } from './ask.ts';
import type { Bench, Program } from './bench.ts';
import type { Catalogs } from './catalog.ts';
import { dayAt, describeEvent } from './programme.ts';
import { copyEvents, copySeat, insertAll, makeTemplate, type SeededEvent } from './seeding.ts';

type Stored = Document & { _id: string };

export type Size = { readonly events: number; readonly seats: number; readonly holds: number };

/** Events that differ in words, category and city; the others are copies of these on other days. */
const VARIANTS = 320;
const DAYS = 3_650;
const COPIES_AT_ONCE = 20_000;

/**
 * Fills a catalog with events of one seat, ended holds and one event of many seats. All but that
 * one are copies of what catalog itself has stored.
 */
export async function growCatalog(
  bench: Bench,
  catalogs: Catalogs,
  catalog: Program,
  size: Size,
): Promise<SeededEvent> {
  const { db, organizer } = catalogs;
  const template = await makeTemplate(catalog, db, organizer, { seatCount: 1 });
  const variants = await copyEvents(db, template, Math.min(VARIANTS, size.events), describeEvent);
  const ids = variants.map(({ eventId }) => eventId);
  const listings = db.collection<Stored>('listings');
  await waitUntil(
    'the first events to be listed',
    async () => (await listings.countDocuments({ _id: { $in: ids } })) === ids.length,
    { limitMs: 120_000, everyMs: 250 },
  );
  const [events, listed] = await Promise.all([
    db
      .collection<Stored>('events')
      .find({ _id: { $in: ids } })
      .toArray(),
    listings.find({ _id: { $in: ids } }).toArray(),
  ]);
  const listingOf = new Map(listed.map((listing) => [listing._id, listing]));
  await inParts(size.events - ids.length, async (from, count) => {
    bench.say(`seeding events: ${from} of ${size.events}`);
    const copies = Array.from({ length: count }, (_, at) => {
      const variant = events[(from + at) % events.length];
      const own = { _id: newId(), startsAt: dayAt((from + at) % DAYS) };
      return {
        event: { ...variant, ...own, outbox: [], unlisted: false },
        listing: { ...listingOf.get(variant?._id ?? ''), ...own },
        seats: template.seats.map((seat) => copySeat(seat, own._id)),
      };
    });
    await insertAll(
      db,
      'events',
      copies.map(({ event }) => event),
    );
    await insertAll(
      db,
      'listings',
      copies.map(({ listing }) => listing),
    );
    await insertAll(
      db,
      'seats',
      copies.flatMap(({ seats }) => seats),
    );
  });
  await copyHold(bench, catalogs, catalog, template.event._id, size.holds);
  bench.say(`making an event of ${size.seats} seats`);
  const hot = await makeTemplate(catalog, db, organizer, { seatCount: size.seats });
  return { eventId: hot.event._id, seatIds: hot.seats.map((seat) => String(seat.seatId)) };
}

/** A hold that was taken and released, over and over. */
async function copyHold(
  bench: Bench,
  { db }: Catalogs,
  catalog: Program,
  eventId: string,
  copies: number,
): Promise<void> {
  const [owner] = await bench.issuer.buyers(1);
  if (!owner) throw new Error('There is nobody to hold');
  const { hold } = await askFor<{ hold: { holdId: string } }>(
    catalog,
    'POST',
    `/api/events/${eventId}/holds`,
    { as: owner, body: { seatIds: ['GENERAL-1'] } },
  );
  await askFor(catalog, 'DELETE', `/api/holds/${hold.holdId}`, { as: owner });
  const ended = await db.collection<Stored>('holds').findOne({ _id: hold.holdId });
  await inParts(copies, async (from, count) => {
    bench.say(`seeding holds: ${from} of ${copies}`);
    const holds = Array.from({ length: count }, () => ({
      ...ended,
      _id: newId(),
      userId: newId(),
      outbox: [],
    }));
    await insertAll(db, 'holds', holds);
  });
}

/** Large numbers are seeded in parts, so that they never lie in memory together. */
async function inParts(
  total: number,
  seed: (from: number, count: number) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < total; from += COPIES_AT_ONCE) {
    await seed(from, Math.min(COPIES_AT_ONCE, total - from));
  }
}
