import { newId } from '@holdfast/shared/ids.ts';
import type { Db, Document } from 'mongodb';
import { askFor } from './ask.ts';
import type { Program } from './bench.ts';
import type { Buyer } from './issuer.ts';
import { copyEvents, copySeat, insertAll, type SeededEvent, type Template } from './seeding.ts';

type Stored = Document & { _id: string };

/** A hold of one seat that ends by itself. */
export type Ending = {
  readonly event: SeededEvent;
  readonly seatId: string;
  readonly holdId: string;
  readonly owner: Buyer;
  readonly expiresAt: Date;
};

const ONE_SECOND_MS = 1_000;

/**
 * Live holds in bulk, each with its seat and its claim as catalog stores them, copied from one
 * that it made. All end within the second after `endsAt`.
 */
export async function seedEndingHolds(
  catalog: Program,
  db: Db,
  of: {
    template: Template;
    events: number;
    owners: readonly Buyer[];
    holds: number;
    endsAt: number;
  },
): Promise<Ending[]> {
  const made = await makeOne(catalog, db, of.template, of.owners[0]);
  const events = await copyEvents(db, { ...of.template, seats: [] }, of.events);
  const endings = Array.from({ length: of.holds }, (_, at): Ending & { face: Stored } => {
    const event = events[at % events.length];
    const face = of.template.seats[Math.floor(at / events.length)];
    const owner = of.owners[at % of.owners.length];
    if (!event || !face || !owner) throw new Error('The template is smaller than what is seeded');
    const expiresAt = new Date(of.endsAt + Math.floor((at / of.holds) * ONE_SECOND_MS));
    return { event, face, seatId: String(face.seatId), holdId: newId(), owner, expiresAt };
  });
  await insertAll(
    db,
    'seats',
    endings.map((ending) => heldSeat(made.seat, ending)),
  );
  const untouched = of.template.seats.slice(of.holds / of.events);
  for (const { eventId } of events) {
    const seats = untouched.map((seat) => copySeat(seat, eventId));
    await insertAll(db, 'seats', seats);
  }
  await insertAll(db, 'quotas', claimsOf(made.quota, endings));
  await insertAll(
    db,
    'holds',
    endings.map(({ holdId, event, owner, seatId, expiresAt }) => ({
      ...made.hold,
      _id: holdId,
      eventId: event.eventId,
      userId: owner.userId,
      seats: [{ ...made.hold.seats[0], seatId }],
      expiresAt,
      outbox: [],
    })),
  );
  return endings;
}

/** A hold of the template's last seat, as it is stored. */
async function makeOne(catalog: Program, db: Db, template: Template, owner: Buyer | undefined) {
  const eventId = template.event._id;
  const seatId = template.seats.at(-1)?.seatId;
  if (!owner || seatId === undefined) throw new Error('There is nobody or nothing to hold');
  const { hold } = await askFor<{ hold: { holdId: string } }>(
    catalog,
    'POST',
    `/api/events/${eventId}/holds`,
    { as: owner, body: { seatIds: [seatId] } },
  );
  const find = async (collection: string, _id: string): Promise<Stored> => {
    const found = await db.collection<Stored>(collection).findOne({ _id });
    if (found === null) throw new Error(`${collection} has no ${_id}`);
    return found;
  };
  return {
    hold: await find('holds', hold.holdId),
    seat: await find('seats', `${eventId}:${seatId}`),
    quota: await find('quotas', `${owner.userId}:${eventId}`),
  };
}

function heldSeat(held: Stored, ending: Ending & { face: Stored }): Stored {
  const { event, holdId, owner, expiresAt, face } = ending;
  return {
    ...copySeat(face, event.eventId),
    status: held.status,
    version: held.version,
    hold: { ...held.hold, id: holdId, userId: owner.userId, expiresAt },
  };
}

/** One document an account and event, with a claim for each of its holds. */
function claimsOf(quota: Stored, endings: readonly Ending[]): Stored[] {
  const byAccount = new Map<string, Stored>();
  for (const { event, holdId, owner, expiresAt } of endings) {
    const _id = `${owner.userId}:${event.eventId}`;
    const found = byAccount.get(_id) ?? { ...quota, _id, claims: [] };
    found.claims.push({ ...quota.claims[0], holdId, expiresAt });
    byAccount.set(_id, found);
  }
  return [...byAccount.values()];
}
