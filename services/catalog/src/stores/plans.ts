import type { Db } from 'mongodb';
import type { Plan } from '../plan.ts';
import { isDuplicate } from './holds.ts';

export type StoredPlan = Plan & { _id: string; venueId: string; planVersion: number };

/**
 * Seat plans, one document a version, never changed. The original is kept as text, so that its
 * export is lossless whatever members it has.
 */
export function createPlans(db: Db) {
  const plans = db.collection<StoredPlan>('plans');
  const keyOf = (venueId: string, planVersion: number) => `${venueId}:${planVersion}`;
  return {
    /** Stores a version of a plan; false when that version exists. */
    async insert(venueId: string, planVersion: number, plan: Plan): Promise<boolean> {
      try {
        await plans.insertOne({ _id: keyOf(venueId, planVersion), venueId, planVersion, ...plan });
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
    find: (venueId: string, planVersion: number): Promise<StoredPlan | null> =>
      plans.findOne({ _id: keyOf(venueId, planVersion) }),
  };
}

export type Plans = ReturnType<typeof createPlans>;
