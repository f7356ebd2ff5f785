import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { Model } from 'mongoose';
import type { Event } from '../event.ts';
import type { HistoryEntry } from '../hold.ts';
import type { PlanEdit } from '../plans/plan-edit.ts';
import { olderThan } from './time.ts';

/** The steps of an event to another plan, each one compare-and-set by edit and stage. */
export function createEventPlans(
  events: Model<Event>,
  changed: (eventId: string, scope: { lists: boolean }) => Promise<void>,
) {
  async function update(filter: object, change: object, eventId: string): Promise<Event | null> {
    const after = await events
      .findOneAndUpdate(filter, change, { returnDocument: 'after' })
      .lean<Event>()
      .exec();
    if (after !== null) await changed(eventId, { lists: false });
    return after;
  }

  return {
    /** Begins an edit of the version that was read; null when it has changed or another is under way. */
    beginPlanEdit: (event: Event, edit: PlanEdit, entry: HistoryEntry): Promise<Event | null> =>
      update(
        { _id: event._id, version: event.version, planEdit: null },
        { $set: { planEdit: edit }, $inc: { version: 1 }, $push: { history: entry } },
        event._id,
      ),

    /** Moves an edit to its next stage, with what the event becomes by it; null if another did. */
    movePlanEdit: (
      event: Event,
      edit: PlanEdit,
      to: PlanEdit['stage'] | 'done',
      trace: {
        set?: Partial<
          Pick<Event, 'planVersion' | 'categories' | 'prices' | 'seatCount' | 'seatFloor'>
        >;
        seatFloor?: number;
        message?: Message;
        entry?: HistoryEntry;
        movedAt: Date;
      },
    ): Promise<Event | null> =>
      update(
        { _id: event._id, 'planEdit.id': edit.id, 'planEdit.stage': edit.stage },
        {
          $set: {
            ...trace.set,
            ...(trace.set && { unlisted: true }),
            ...(to === 'done'
              ? { planEdit: null }
              : {
                  'planEdit.stage': to,
                  'planEdit.movedAt': trace.movedAt,
                  ...(trace.seatFloor !== undefined && { 'planEdit.seatFloor': trace.seatFloor }),
                }),
          },
          $inc: { version: 1 },
          $push: {
            outbox: { $each: trace.message ? [trace.message] : [] },
            history: { $each: trace.entry ? [trace.entry] : [] },
          },
        },
        event._id,
      ),

    /** Events whose plan edit broke off. */
    unfinishedEdits: (ageMs: number, limit: number): Promise<Event[]> =>
      events
        .find({ 'planEdit.id': { $exists: true }, ...olderThan('$planEdit.movedAt', ageMs) })
        .limit(limit)
        .lean<Event[]>()
        .exec(),
  };
}
