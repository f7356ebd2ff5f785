import type { Document } from 'mongodb';
import { literal, notPassed, ownOf, passed, plusOne } from './time.ts';

/** One try to take seats: whose it is, how long it lasts, and what bounds it. */
export type Take = {
  eventId: string;
  onSaleAt: Date;
  /** The end of the sale, if it has one. */
  offSaleAt?: Date | null;
  holdId: string;
  userId: string;
  attemptId: string;
  ttlMs: number;
  /** No seat outlives it: the end of the quota's claim, or of the hold that gets more seats. */
  notAfter: Date;
  /** The hold's round, from 0. */
  round?: number;
};

/** The window in which seats are sold. */
export type Sale = Pick<Take, 'onSaleAt' | 'offSaleAt'>;

/** The rule of a take: for sale, and available or held by a hold that has run out. */
export function takeable({ onSaleAt, offSaleAt }: Sale): Document {
  return {
    $and: [
      { $or: [{ status: 'available' }, { status: 'held', ...passed('$hold.expiresAt') }] },
      passed(literal(onSaleAt)),
      ...(offSaleAt ? [notPassed(literal(offSaleAt))] : []),
    ],
  };
}

/** Who leaves the seat to others, and until when: whose holds ran out on it of late. */
export function lapses(coolDownMs: number): Document {
  const last = {
    userId: '$hold.userId',
    until: { $add: ['$hold.expiresAt', coolDownMs] },
  };
  const ranOut = [{ $eq: ['$status', 'held'] }, { $lte: ['$hold.expiresAt', '$$NOW'] }];
  return {
    $filter: {
      input: {
        $concatArrays: [{ $ifNull: ['$lapses', []] }, { $cond: [{ $and: ranOut }, [last], []] }],
      },
      as: 'lapse',
      cond: { $gt: ['$$lapse.until', '$$NOW'] },
    },
  };
}

/** The rule that an account whose hold on a seat ran out leaves it to others for a while. */
export function notCooling(
  keys: readonly string[],
  takes: readonly Take[],
  coolDownMs: number,
): Document {
  const users = { $map: { input: lapses(coolDownMs), as: 'lapse', in: '$$lapse.userId' } };
  const userIds = takes.map((take) => take.userId);
  return {
    $or: [
      // Most seats, without asking further.
      { status: 'available', 'lapses.0': { $exists: false } },
      { $expr: { $not: [{ $in: [ownOf(keys, userIds), users] }] } },
    ],
  };
}

/** The change of a take; each seat becomes what its own try says. */
export function taken(
  keys: readonly string[],
  takes: readonly Take[],
  coolDownMs: number,
): Document[] {
  const claims = takes.map(({ holdId, userId, attemptId, ttlMs, notAfter, round = 0 }) => ({
    kept: { id: holdId, userId, attemptId, round },
    ttlMs,
    notAfter,
  }));
  const hold = {
    $let: {
      vars: { take: ownOf(keys, claims) },
      in: {
        $mergeObjects: [
          '$$take.kept',
          {
            takenAt: '$$NOW',
            expiresAt: { $min: [{ $add: ['$$NOW', '$$take.ttlMs'] }, '$$take.notAfter'] },
          },
        ],
      },
    },
  };
  return [
    { $set: { status: 'held', version: plusOne('$version'), hold, lapses: lapses(coolDownMs) } },
  ];
}

/** The change that makes a seat free. */
export const FREED: Document[] = [
  { $set: { status: 'available', version: plusOne('$version') } },
  { $unset: ['hold', 'commit'] },
];

/** The same where its hold ran out: its account leaves the seat to others for a while. */
export function lapsed(coolDownMs: number): Document[] {
  return [{ $set: { lapses: lapses(coolDownMs) } }, ...FREED];
}
