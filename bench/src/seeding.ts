import { newId } from '@holdfast/shared/ids.ts';
import type { Db, Document } from 'mongodb';
import { askFor } from './ask.ts';
import type { Program } from './bench.ts';
import type { Buyer } from './issuer.ts';

type Stored = Document & { _id: string };

const DOCUMENTS_A_WRITE = 2_000;
const WRITES_AT_ONCE = 4;

/** The event that copies are made of: whatever catalog stores for an event, they have too. */
export type Template = { readonly event: Stored; readonly seats: readonly Stored[] };

export type SeededEvent = { readonly eventId: string; readonly seatIds: readonly string[] };

/** Makes one event through catalog and reads its documents. `plan` is a venue's seat plan. */
export async function makeTemplate(
  catalog: Program,
  db: Db,
  organizer: Buyer,
  plan: object,
): Promise<Template> {
  const house = { name: 'House of the bench', city: 'Wien', country: 'AT' };
  const venue = await askFor<{ venue: { venueId: string; categories: string[] } }>(
    catalog,
    'POST',
    '/api/venues',
    { as: organizer, body: { ...house, timeZone: 'Europe/Vienna', plan } },
  );
  const { venueId, categories } = venue.venue;
  const terms = {
    venueId,
    name: 'An evening at the bench',
    category: 'music',
    startsAt: '2099-05-01T18:00:00.000Z',
    onSaleAt: '2026-01-01T09:00:00.000Z',
    currency: 'EUR',
    prices: categories.map((category, at) => ({ category, priceMinor: 4_500 - 500 * at })),
    status: 'published',
  };
  const made = await askFor<{ event: { eventId: string } }>(catalog, 'POST', '/api/events', {
    as: organizer,
    body: terms,
  });
  const { eventId } = made.event;
  const event = await db.collection<Stored>('events').findOne({ _id: eventId });
  if (event === null) throw new Error('The template was answered and is not stored');
  const seats = await db.collection<Stored>('seats').find({ eventId }).sort({ order: 1 }).toArray();
  return { event, seats };
}

/**
 * Copies the template, seats and all, by bulk insert past catalog: ten thousand events by its API
 * would take longer than what they are measured for. `vary` changes a copy's event.
 */
export async function copyEvents(
  db: Db,
  template: Template,
  count: number,
  vary: (at: number) => Document = () => ({}),
): Promise<SeededEvent[]> {
  const copies = Array.from({ length: count }, (_, at) => {
    const eventId = newId();
    return {
      eventId,
      // Unless it is wanted, catalog is not to be busy with making them known to the search.
      event: { ...template.event, _id: eventId, outbox: [], unlisted: false, ...vary(at) },
    };
  });
  await insertAll(
    db,
    'events',
    copies.map(({ event }) => event),
  );
  const eventsAWrite = Math.max(1, Math.floor(DOCUMENTS_A_WRITE / template.seats.length));
  for (let at = 0; at < copies.length; at += eventsAWrite * WRITES_AT_ONCE) {
    const seats = copies
      .slice(at, at + eventsAWrite * WRITES_AT_ONCE)
      .flatMap(({ eventId }) => template.seats.map((seat) => copySeat(seat, eventId)));
    await insertAll(db, 'seats', seats);
  }
  const seatIds = template.seats.map((seat) => String(seat.seatId));
  return copies.map(({ eventId }) => ({ eventId, seatIds }));
}

export function copySeat(seat: Stored, eventId: string): Stored {
  return { ...seat, _id: `${eventId}:${seat.seatId}`, eventId };
}

/** Inserts documents in several writes at once. */
export async function insertAll(
  db: Db,
  collection: string,
  documents: readonly Stored[],
): Promise<void> {
  const writes: Stored[][] = [];
  for (let at = 0; at < documents.length; at += DOCUMENTS_A_WRITE) {
    writes.push(documents.slice(at, at + DOCUMENTS_A_WRITE));
  }
  const insert = async () => {
    for (let write = writes.pop(); write; write = writes.pop()) {
      await db.collection<Stored>(collection).insertMany(write, { ordered: false });
    }
  };
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, insert));
}
