import { systemClock } from '@holdfast/shared/clock.ts';
import { venueCreated, venueUpdated } from '@holdfast/shared/contracts/events.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint, newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import { isTimeZone, type Venue } from '../event.ts';
import { historyEntry } from '../hold.ts';
import { venueMessage } from '../messages.ts';
import type { Plan } from '../plans/plan.ts';
import { readPlan } from '../plans/read-plan.ts';
import type { Events } from '../stores/events.ts';
import type { Plans } from '../stores/plans.ts';
import type { VenueChange, Venues } from '../stores/venues.ts';
import { refuseStranger } from './ownership.ts';
import { refuseReusedKey } from './refusals.ts';

export type VenueInput = {
  name: string;
  address: string;
  city: string;
  country: string;
  timeZone: string;
  location?: { latitude: number; longitude: number };
  amenities: string[];
  rules: string[];
  plan: Record<string, unknown>;
};

export type VenueStores = { venues: Venues; plans: Plans; events: Events; wake: () => void };

/** So many events are named where they are in the way. */
const LISTED_EVENTS = 20;

/** Creates a venue with its seat plan; a repeat under the same key answers the same venue. */
export async function createVenue(
  deps: VenueStores,
  command: { input: VenueInput; owner: Actor; idempotencyKey: string | undefined; origin: Origin },
): Promise<Venue | Refusal> {
  const { plan: planInput, ...face } = command.input;
  const zone = refuseZone(face.timeZone);
  if (zone) return zone;
  const plan = readPlan(planInput);
  if ('problems' in plan) return refusePlan(plan.problems);
  const now = systemClock.now();
  const venueId =
    command.idempotencyKey === undefined
      ? newId()
      : derivedId('venue', command.owner.userId, command.idempotencyKey);
  const venue: Venue = {
    _id: venueId,
    ownerId: command.owner.userId,
    fingerprint: fingerprint(command.input),
    ...face,
    planVersion: 1,
    seatCount: plan.seats.length,
    categories: plan.categories,
    version: 1,
    createdAt: now,
    history: [historyEntry(now, command.origin, 'created', null, { version: 1 })],
    outbox: [],
  };
  venue.outbox.push(
    venueMessage(venueCreated, venue, { version: 1, time: now, origin: command.origin }),
  );
  const earlier = await deps.venues.find(venueId);
  if (earlier === undefined) {
    // A try under this key that broke off may have left its plan, of another request perhaps.
    const first = { ...plan, fingerprint: fingerprint(planInput) };
    venue.planVersion = await insertNext(deps.plans, { ...venue, planVersion: 0 }, first);
    if (await deps.venues.insert(venue)) {
      deps.wake();
      return venue;
    }
  }
  const stored = earlier ?? (await deps.venues.find(venueId));
  if (stored?.fingerprint === venue.fingerprint) return stored;
  return refuseReusedKey('made another venue');
}

/**
 * Changes a venue. A plan that differs from the current one is a new version; events keep the seats
 * they were made with, and follow its name and place (`follow-venue.ts`). Its time zone stays while
 * it has events to come: their local times would be others than were announced and sold.
 */
export async function changeVenue(
  deps: VenueStores,
  command: {
    venueId: string;
    input: Partial<VenueInput> & { version?: number };
    actor: Actor;
    origin: Origin;
  },
): Promise<Venue | Refusal> {
  const venue = await deps.venues.find(command.venueId);
  if (venue === undefined) return refused('venue_not_found', `No venue ${command.venueId}.`);
  const stranger = refuseStranger(venue, command.actor);
  if (stranger) return stranger;
  const { plan: planInput, version, ...face } = command.input;
  if (version !== undefined && version !== venue.version) return refuseVersion(venue.version);
  const zone = refuseZone(face.timeZone ?? venue.timeZone);
  if (zone) return zone;
  const moved = await refuseNewZone(deps.events, venue, face.timeZone);
  if (moved) return moved;
  const change: VenueChange = { ...face };
  const print = planInput && fingerprint(planInput);
  if (planInput && print !== (await deps.plans.fingerprintOf(venue._id, venue.planVersion))) {
    const plan = readPlan(planInput);
    if ('problems' in plan) return refusePlan(plan.problems);
    const planVersion = await insertNext(deps.plans, venue, { ...plan, fingerprint: print ?? '' });
    Object.assign(change, {
      planVersion,
      seatCount: plan.seats.length,
      categories: plan.categories,
    });
  }
  if (Object.keys(change).length === 0) return venue;
  const now = systemClock.now();
  const after = { ...venue, ...change };
  const next = venue.version + 1;
  const changed = await deps.venues.change(venue, change, {
    message: venueMessage(venueUpdated, after, {
      version: next,
      time: now,
      origin: command.origin,
    }),
    entry: historyEntry(
      now,
      command.origin,
      'changed',
      { version: venue.version },
      { version: next, changed: Object.keys(change) },
    ),
  });
  if (changed === null) return refuseVersion(venue.version + 1);
  deps.wake();
  return changed;
}

/** A version number once taken by an edit that failed is left out. */
async function insertNext(
  plans: Plans,
  venue: Venue,
  plan: Plan & { fingerprint: string },
): Promise<number> {
  for (let version = venue.planVersion + 1; ; version += 1) {
    if (await plans.insert(venue._id, version, plan)) return version;
  }
}

function refuseZone(timeZone: string): Refusal | undefined {
  return isTimeZone(timeZone)
    ? undefined
    : refused('invalid_request', `"${timeZone}" is not an IANA time zone, such as Europe/Vienna.`);
}

async function refuseNewZone(
  events: Events,
  venue: Venue,
  timeZone: string | undefined,
): Promise<Refusal | undefined> {
  if (timeZone === undefined || timeZone === venue.timeZone) return undefined;
  const { eventIds, count } = await events.eventsToCome(venue._id, LISTED_EVENTS);
  if (count === 0) return undefined;
  return refused(
    'venue_in_use',
    `${venue.name} has ${count} events that are not over, whose local times the time zone ${timeZone} would move: cancel those events, wait until they are over, or create a venue in that zone.`,
    { events: count, eventIds },
  );
}

export function refuseVersion(current: number): Refusal {
  return refused('version_conflict', `It is at version ${current} now: read it again.`, {
    version: current,
  });
}

function refusePlan(problems: string[]): Refusal {
  return refused('plan_invalid', `The plan is not valid: ${problems.slice(0, 3).join(' ')}`, {
    problems,
  });
}
