import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { newId } from '@holdfast/shared/ids.ts';
import { Binary, type Db } from 'mongodb';
import type { Plan } from '../plans/plan.ts';
import { isDuplicate } from './holds.ts';

export type StoredPlan = Plan & { venueId: string; planVersion: number };

type Head = {
  _id: string;
  venueId: string;
  planVersion: number;
  fingerprint: string;
  parts: string[];
};
type Part = { _id: string; bytes: Binary };

/** A document may have 16 MB; 100,000 seats are about 2 MB packed, names from outside may be more. */
const PART_BYTES = 8 * 1024 * 1024;
const [pack, unpack] = [promisify(gzip), promisify(gunzip)];

/**
 * Seat plans, each version packed, never changed. The original is kept as text, so that its export
 * is lossless whatever members it has. The parts come first: a version whose head is there is whole.
 */
export function createPlans(db: Db) {
  const heads = db.collection<Head>('plans');
  const parts = db.collection<Part>('plan_parts');
  const keyOf = (venueId: string, planVersion: number) => `${venueId}:${planVersion}`;

  return {
    /** Stores a version of a plan; false when that version exists. */
    async insert(
      venueId: string,
      planVersion: number,
      { fingerprint, ...plan }: Plan & { fingerprint: string },
    ): Promise<boolean> {
      const bytes = await pack(JSON.stringify(plan));
      const own: Part[] = [];
      for (let at = 0; at < bytes.length; at += PART_BYTES) {
        own.push({ _id: newId(), bytes: new Binary(bytes.subarray(at, at + PART_BYTES)) });
      }
      const ids = own.map((part) => part._id);
      for (const part of own) await parts.insertOne(part);
      try {
        const head = { venueId, planVersion, fingerprint, parts: ids };
        await heads.insertOne({ _id: keyOf(venueId, planVersion), ...head });
        return true;
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        await parts.deleteMany({ _id: { $in: ids } });
        return false;
      }
    },

    async find(venueId: string, planVersion: number): Promise<StoredPlan | null> {
      const head = await heads.findOne({ _id: keyOf(venueId, planVersion) });
      if (head === null) return null;
      const found = await parts.find({ _id: { $in: head.parts } }).toArray();
      const byId = new Map(found.map((part) => [part._id, part.bytes.buffer]));
      const bytes = Buffer.concat(head.parts.map((id) => byId.get(id) ?? new Uint8Array()));
      const plan: Plan = JSON.parse((await unpack(bytes)).toString());
      return { ...plan, venueId, planVersion };
    },

    /** What tells equal plans; undefined where that version is not. */
    async fingerprintOf(venueId: string, planVersion: number): Promise<string | undefined> {
      const head = await heads.findOne(
        { _id: keyOf(venueId, planVersion) },
        { projection: { fingerprint: 1 } },
      );
      return head?.fingerprint;
    },
  };
}

export type Plans = ReturnType<typeof createPlans>;
