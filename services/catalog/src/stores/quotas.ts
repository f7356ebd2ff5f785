import { createBatches } from '@holdfast/shared/batches.ts';
import { Fault } from '@holdfast/shared/errors.ts';
import { LRUCache } from 'lru-cache';
import type { Db, Document } from 'mongodb';
import { claimsOf, type Hold } from '../hold.ts';
import { isDuplicate } from './holds.ts';
import { WHOLE } from './paging.ts';
import { literal, ownOf } from './time.ts';

/** A claim on the quota. Without expiry it counts until it is removed: its seats are pinned or sold. */
export type Claim = {
  holdId: string;
  attemptId: string;
  n: number;
  round: number;
  takenAt: Date;
  expiresAt: Date | null;
};
type Quota = { _id: string; claims: Claim[] };

export type ClaimCommand = {
  userId: string;
  eventId: string;
  /** Names the claim: the hold, or an addition to one. */
  holdId: string;
  attemptId: string;
  n: number;
  cap: number;
  ttlMs: number;
  /** The hold's round, from 0. */
  round?: number;
};

export type ClaimAnswer =
  | { kind: 'claimed'; expiresAt: Date }
  | { kind: 'full'; used: number }
  /** Another try of the same hold is under way, or broke off `ageMs` ago. */
  | { kind: 'in_flight'; ageMs: number; attemptId: string };

/** Accounts whose document is known to be there, so that it is not inserted in vain. */
const MOST_KNOWN = 100_000;

/** The claim outlives its seats by this much, so that the quota never runs out before them. */
const SLACK_MS = 10_000;

const UNEXPIRED = {
  $filter: {
    input: '$claims',
    as: 'claim',
    cond: {
      $or: [{ $eq: ['$$claim.expiresAt', null] }, { $gt: ['$$claim.expiresAt', '$$NOW'] }],
    },
  },
};
const USED = { $sum: { $map: { input: UNEXPIRED, as: 'claim', in: '$$claim.n' } } };

/** What finds the claims of a hold, of its additions too, in its round. */
type Owner = Pick<Hold, '_id' | 'userId' | 'eventId' | 'round' | 'seats' | 'changes'>;

type Try = { userId: string; eventId: string; attemptId: string };

const withSlack = (instant: Date) => new Date(instant.getTime() + SLACK_MS);
const quotaKey = (userId: string, eventId: string) => `${userId}:${eventId}`;

const keyOf = (command: ClaimCommand) => quotaKey(command.userId, command.eventId);

/** The rule of a claim, for several accounts in one statement: room under the cap, and none yet. */
function hasRoom(commands: readonly ClaimCommand[]): Document {
  const keys = commands.map(keyOf);
  const own = ownOf(
    keys,
    commands.map(({ holdId, n, cap }) => ({ holdId, n, cap })),
  );
  const overfull = { $gt: [{ $add: [USED, '$$own.n'] }, '$$own.cap'] };
  const repeated = { $in: ['$$own.holdId', '$claims.holdId'] };
  const unfit = { $let: { vars: { own }, in: { $or: [overfull, repeated] } } };
  return { _id: { $in: keys }, $expr: { $not: [unfit] } };
}

function claimed(commands: readonly ClaimCommand[]): Document[] {
  const claims = commands.map(({ holdId, attemptId, n, ttlMs, round = 0 }) => ({
    kept: { holdId, attemptId, n, round },
    lastsMs: ttlMs + SLACK_MS,
  }));
  const claim = {
    $let: {
      vars: { own: ownOf(commands.map(keyOf), claims) },
      in: {
        $mergeObjects: [
          '$$own.kept',
          { takenAt: '$$NOW', expiresAt: { $add: ['$$NOW', '$$own.lastsMs'] } },
        ],
      },
    },
  };
  return [{ $set: { claims: { $concatArrays: [UNEXPIRED, [claim]] } } }];
}

/** How many seats of an event one account holds or owns: one document each, changed in one write. */
export function createQuotas(db: Db) {
  const quotas = db.collection<Quota>('quotas');
  const made = new LRUCache<string, true>({ max: MOST_KNOWN });

  /** Creates the documents of accounts that claim for the first time; those that exist stay. */
  async function make(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const documents = keys.map((key): Quota => ({ _id: key, claims: [] }));
    await quotas.insertMany(documents, { ordered: false }).catch((error) => {
      if (!isDuplicate(error)) throw error;
    });
    for (const key of keys) made.set(key, true);
  }

  const claimTogether = createBatches<ClaimCommand, ClaimAnswer>({
    keysOf: (command) => [keyOf(command)],
    async run(commands) {
      const keys = commands.map(keyOf);
      await make(keys.filter((key) => !made.has(key)));
      const [command] = commands;
      if (command && commands.length === 1) {
        const quota = await quotas.findOneAndUpdate(hasRoom(commands), claimed(commands), {
          returnDocument: 'after',
        });
        if (quota) return [answerClaim(command, { ...quota, used: 0, now: new Date(0) })];
      } else {
        await quotas.updateMany(hasRoom(commands), claimed(commands));
      }
      const found = await quotas
        .aggregate<Quota & { used: number; now: Date }>([
          { $match: { _id: { $in: keys } } },
          { $project: { claims: 1, used: USED, now: '$$NOW' } },
        ])
        .batchSize(WHOLE)
        .toArray();
      const byKey = new Map(found.map((quota) => [quota._id, quota]));
      return commands.map((one) => answerClaim(one, byKey.get(keyOf(one))));
    },
  });

  /** What came of a claim, by the quota as it stands after the try. */
  function answerClaim(
    command: ClaimCommand,
    quota: (Quota & { used: number; now: Date }) | undefined,
  ): ClaimAnswer | Fault {
    if (quota === undefined) {
      made.delete(keyOf(command));
      const lost = `The store lost the quota ${keyOf(command)}`;
      return new Fault('store_unavailable', lost, { retryable: true });
    }
    const own = quota.claims.find((claim) => claim.holdId === command.holdId);
    if (own === undefined) return { kind: 'full', used: quota.used };
    if (own.attemptId === command.attemptId && own.expiresAt) {
      return { kind: 'claimed', expiresAt: own.expiresAt };
    }
    const ageMs = quota.now.getTime() - own.takenAt.getTime();
    return { kind: 'in_flight', ageMs, attemptId: own.attemptId };
  }

  /** Changes the claims of a hold in its round, those that are there. */
  const change = (hold: Owner, members: Document) => changeAll([hold], members);

  /** The same for holds in the same round, all of whose claims change alike. */
  async function changeAll(holds: readonly Owner[], members: Document): Promise<void> {
    const holdIds = holds.flatMap((hold) => claimsOf(hold).map((claim) => claim.holdId));
    const round = holds[0]?.round ?? 0;
    await quotas.updateMany(
      {
        _id: { $in: holds.map((hold) => quotaKey(hold.userId, hold.eventId)) },
        claims: { $elemMatch: { holdId: { $in: holdIds }, round } },
      },
      [
        {
          $set: {
            claims: {
              $map: {
                input: '$claims',
                as: 'claim',
                in: {
                  $cond: [
                    {
                      $and: [
                        { $in: ['$$claim.holdId', literal(holdIds)] },
                        { $eq: ['$$claim.round', round] },
                      ],
                    },
                    { $mergeObjects: ['$$claim', members] },
                    '$$claim',
                  ],
                },
              },
            },
          },
        },
      ],
    );
  }

  const keepTogether = createBatches<Owner, void>({
    keysOf: (hold) => [hold._id],
    kindOf: (hold) => `${hold.round}`,
    async run(holds) {
      await changeAll(holds, { expiresAt: null });
      return holds.map(() => undefined);
    },
  });

  // What ends is gone from every quota of the batch: none of it counts in another one.
  const endTogether = createBatches<Owner, void>({
    keysOf: (hold) => [hold._id],
    async run(holds) {
      const keys = holds.map((hold) => quotaKey(hold.userId, hold.eventId));
      const holdIds = holds.flatMap((hold) => claimsOf(hold).map((claim) => claim.holdId));
      await quotas.updateMany(
        { _id: { $in: keys } },
        { $pull: { claims: { holdId: { $in: holdIds } } } },
      );
      return holds.map(() => undefined);
    },
  });
  const dropTogether = createBatches<Try, void>({
    keysOf: (take) => [take.attemptId],
    async run(takes) {
      await quotas.updateMany(
        { _id: { $in: takes.map((take) => quotaKey(take.userId, take.eventId)) } },
        { $pull: { claims: { attemptId: { $in: takes.map((take) => take.attemptId) } } } },
      );
      return takes.map(() => undefined);
    },
  });

  return {
    /**
     * Claims n seats for a hold if the unexpired claims plus n stay within the cap; the claims of
     * one tick go together.
     */
    claim: (command: ClaimCommand): Promise<ClaimAnswer> => claimTogether(command),

    /** Removes the claim of a hold that never was. */
    async drop(owner: { userId: string; eventId: string; holdId: string }): Promise<void> {
      await quotas.updateOne(
        { _id: quotaKey(owner.userId, owner.eventId) },
        { $pull: { claims: { holdId: owner.holdId } } },
      );
    },

    /** Removes the claim that one try made. */
    dropTry: (take: Try): Promise<void> => dropTogether(take),

    /** The claim counts until the given instant at least; one without expiry stays so. */
    prolong: (hold: Owner, expiresAt: Date) =>
      change(hold, {
        expiresAt: {
          $cond: [
            { $eq: ['$$claim.expiresAt', null] },
            null,
            { $max: ['$$claim.expiresAt', literal(withSlack(expiresAt))] },
          ],
        },
      }),

    /** The claim counts for ever: its seats do not expire any more. */
    keep: (hold: Owner): Promise<void> => keepTogether(hold),

    /** The claims count no more seats than their hold has of them. Late or repeated it does no harm. */
    shrink: (hold: Owner) => {
      const counts = claimsOf(hold);
      const count = {
        $arrayElemAt: [
          literal(counts.map((one) => one.n)),
          { $indexOfArray: [literal(counts.map((one) => one.holdId)), '$$claim.holdId'] },
        ],
      };
      return change(hold, { n: { $min: ['$$claim.n', count] } });
    },

    /** Removes the claims of a hold that has ended. */
    end: (hold: Owner): Promise<void> => endTogether(hold),

    /** The claim expires again with its hold, in the hold's next round. */
    restore: (hold: Owner & { expiresAt: Date }) =>
      change(hold, {
        expiresAt: literal(withSlack(hold.expiresAt)),
        round: hold.round + 1,
      }),

    async find(userId: string, eventId: string): Promise<Claim[]> {
      return (await quotas.findOne({ _id: quotaKey(userId, eventId) }))?.claims ?? [];
    },
  };
}

export type Quotas = ReturnType<typeof createQuotas>;
