import { systemClock } from '@holdfast/shared/clock.ts';
import { eventUpdated } from '@holdfast/shared/contracts/events.ts';
import { Fault, isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import { checkPrices, type Event, type Price } from '../event.ts';
import { checkStatusChange } from '../event-status.ts';
import { historyEntry } from '../hold.ts';
import { eventMessage } from '../messages.ts';
import { comparePlans, type PlanDifference, type PlanEdit } from '../plans/plan-edit.ts';
import type { Events } from '../stores/events.ts';
import type { Plans, StoredPlan } from '../stores/plans.ts';
import type { SeatBlocks } from '../stores/seat-blocks.ts';
import type { SeatEdits } from '../stores/seat-edits.ts';
import { refuseVersion } from './create-venue.ts';
import { refuseStranger } from './ownership.ts';
import { refuseInUse } from './place-block.ts';
import { refuseReprice } from './reprice.ts';

export type PlanEditStores = {
  events: Events;
  plans: Plans;
  seatBlocks: SeatBlocks;
  seatEdits: SeatEdits;
  /** To be told once an event's seats follow another plan. */
  replanned: (eventId: string) => Promise<void>;
  wake: () => void;
};

type EditPlan = {
  eventId: string;
  input: { planVersion: number; prices?: Price[]; heldKeepPrice?: true; version?: number };
  actor: Actor;
  origin: Origin;
};

/**
 * Moves an event to another version of its venue's plan. First the seats that the plan drops or
 * changes are blocked by the rule of a take: one that is held, sold or blocked undoes that and
 * refuses the edit, with the list. Then there is no way back: new seats are created under the same
 * block, the others get their new faces, the event its new plan and prices, and all are freed.
 */
export async function editPlan(
  stores: PlanEditStores,
  command: EditPlan,
): Promise<Event | Refusal> {
  const { eventId, input, origin } = command;
  const event = await stores.events.find(eventId);
  if (event === undefined) return refused('event_not_found', `No event ${eventId}.`);
  const refusal = refuseEdit(event, command);
  if (refusal) return refusal;
  if (event.planVersion === input.planVersion) return event;
  const plan = await stores.plans.find(event.venueId, input.planVersion);
  if (plan === null) {
    return refused(
      'plan_not_found',
      `The venue has no plan of version ${input.planVersion}: /api/venues/${event.venueId} names its newest as planVersion.`,
    );
  }
  const prices = input.prices ?? event.prices;
  const unpriced = checkPrices(prices, plan.categories, event.currency);
  if (unpriced) return unpriced;
  const inUse = input.heldKeepPrice
    ? undefined
    : await refuseReprice(stores, event, { ...event, prices });
  if (inUse) return inUse;
  const now = systemClock.now();
  const edit: PlanEdit = {
    id: newId(),
    planVersion: input.planVersion,
    prices,
    stage: 'blocking',
    seatFloor: 0,
    origin,
    movedAt: now,
  };
  const entry = historyEntry(
    now,
    origin,
    'plan edit begun',
    { planVersion: event.planVersion },
    { planVersion: input.planVersion },
  );
  const begun = await stores.events.beginPlanEdit(event, edit, entry);
  return begun === null ? refuseVersion(event.version + 1) : finishPlanEdit(stores, begun);
}

function refuseEdit(event: Event, { actor, input }: EditPlan): Refusal | undefined {
  return (
    refuseStranger(event, actor) ??
    (event.ready ? undefined : refused('request_in_flight', 'Its seats are being created.')) ??
    refuseDuringEdit(event) ??
    (input.version !== undefined && input.version !== event.version
      ? refuseVersion(event.version)
      : undefined) ??
    checkStatusChange(event, event)
  );
}

export function refuseDuringEdit(event: Pick<Event, 'planEdit'>): Refusal | undefined {
  return event.planEdit
    ? refused('request_in_flight', 'Its plan is being changed: try again in a moment.')
    : undefined;
}

/** Brings an edit to its end, from whatever stage; any instance may. */
export async function finishPlanEdit(
  stores: PlanEditStores,
  event: Event,
): Promise<Event | Refusal> {
  const edit = event.planEdit;
  if (!edit) return event;
  const next = await STAGES[edit.stage](stores, event, edit);
  if (isRefusal(next)) return next;
  stores.wake();
  if (next !== null) return finishPlanEdit(stores, next);
  // Another instance is at it, and may be further.
  const now = await stores.events.find(event._id);
  if (now?.planEdit?.id === edit.id) return finishPlanEdit(stores, now);
  if (edit.stage === 'blocking') await stores.seatBlocks.unblock(event._id, edit.id);
  if (now?.planVersion === edit.planVersion) return now;
  return refused('seats_in_use', 'Seats that the plan drops or changes are held or sold.');
}

type Stage = (
  stores: PlanEditStores,
  event: Event,
  edit: PlanEdit,
) => Promise<Event | Refusal | null>;

const STAGES: Readonly<Record<PlanEdit['stage'], Stage>> = {
  async blocking(stores, event, edit) {
    const { dropped, changed } = await differenceOf(stores, event, edit);
    const sought = [...dropped, ...changed.map((face) => face.seatId)];
    const missed = await stores.seatBlocks.block(event._id, edit.id, sought);
    const movedAt = systemClock.now();
    if (missed.length === 0) {
      const seatFloor = await stores.seatEdits.highestVersion(event._id, edit.id);
      return stores.events.movePlanEdit(event, edit, 'applying', { seatFloor, movedAt });
    }
    const undoing = await stores.events.movePlanEdit(event, edit, 'undoing', { movedAt });
    if (undoing === null) return null;
    await finishPlanEdit(stores, undoing);
    return refuseInUse(missed);
  },

  async applying(stores, event, edit) {
    const { added, dropped, changed, moved, plan } = await differenceOf(stores, event, edit);
    const seatFloor = Math.max(event.seatFloor ?? 0, edit.seatFloor);
    await stores.seatEdits.createBlocked(event._id, edit.id, seatFloor + 1, added);
    await stores.seatEdits.putFaces(event._id, [...changed, ...moved]);
    await stores.seatEdits.drop(event._id, edit.id, dropped);
    const now = systemClock.now();
    const set = {
      planVersion: edit.planVersion,
      categories: plan.categories,
      prices: edit.prices,
      seatCount: plan.seats.length,
      seatFloor,
    };
    return stores.events.movePlanEdit(event, edit, 'opening', {
      set,
      movedAt: now,
      message: eventMessage(
        eventUpdated,
        { ...event, ...set },
        { version: event.version + 1, time: now, origin: edit.origin },
      ),
      entry: historyEntry(
        now,
        edit.origin,
        'plan changed',
        { planVersion: event.planVersion, prices: event.prices },
        { planVersion: edit.planVersion, prices: edit.prices },
      ),
    });
  },

  async opening(stores, event, edit) {
    await stores.seatBlocks.unblock(event._id, edit.id);
    await stores.replanned(event._id);
    return stores.events.movePlanEdit(event, edit, 'done', { movedAt: systemClock.now() });
  },

  async undoing(stores, event, edit) {
    await stores.seatBlocks.unblock(event._id, edit.id);
    // No message tells of seats that were blocked for a moment: whoever saw them so looks again.
    await stores.replanned(event._id);
    const now = systemClock.now();
    return stores.events.movePlanEdit(event, edit, 'done', {
      movedAt: now,
      entry: historyEntry(
        now,
        edit.origin,
        'plan edit refused: seats in use',
        { planVersion: edit.planVersion },
        { planVersion: event.planVersion },
      ),
    });
  },
};

async function differenceOf(
  stores: PlanEditStores,
  event: Event,
  edit: PlanEdit,
): Promise<PlanDifference & { plan: StoredPlan }> {
  const [before, plan] = await Promise.all([
    stores.plans.find(event.venueId, event.planVersion),
    stores.plans.find(event.venueId, edit.planVersion),
  ]);
  if (before === null || plan === null) {
    throw new Fault('plan_missing', `A plan of venue ${event.venueId} is not there`, {
      retryable: false,
    });
  }
  return { ...comparePlans(before.seats, plan.seats), plan };
}
