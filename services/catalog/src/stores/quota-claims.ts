import { createBatches } from '@holdfast/shared/batches.ts';
import { Fault } from '@holdfast/shared/errors.ts';
import { LRUCache } from 'lru-cache';
import type { Collection, Document } from 'mongodb';
import { failuresOf, isDuplicate } from './holds.ts';
import { WHOLE } from './paging.ts';
import type { StoreClock } from './store-clock.ts';
import { ownOf } from './time.ts';

/** A claim on the quota. Without expiry it counts until it is removed: its seats are pinned or sold. */
export type Claim = {
  holdId: string;
  attemptId: string;
  n: number;
  round: number;
  takenAt: Date;
  expiresAt: Date | null;
};
/** How many seats of an event one account holds or owns. */
export type Quota = { _id: string; claims: Claim[] };

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

/** A command with the claim that it makes if there is room. */
type Claiming = { command: ClaimCommand; claim: Claim & { expiresAt: Date } };

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

export const withSlack = (instant: Date) => new Date(instant.getTime() + SLACK_MS);
export const quotaKey = (userId: string, eventId: string) => `${userId}:${eventId}`;

const keyOf = (command: ClaimCommand) => quotaKey(command.userId, command.eventId);

/** What a command claims, as of an instant of the store; no seat outlives the claim's end. */
function claimingAt(now: Date, command: ClaimCommand): Claiming {
  const { holdId, attemptId, n, ttlMs, round = 0 } = command;
  const expiresAt = withSlack(new Date(now.getTime() + ttlMs));
  return { command, claim: { holdId, attemptId, n, round, takenAt: now, expiresAt } };
}

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

/**
 * Claims n seats for a hold if the unexpired claims plus n stay within the cap; the claims of one
 * tick go together. An account's first claim is made by the insert of its document.
 */
export function createClaims(quotas: Collection<Quota>, clock: StoreClock) {
  const made = new LRUCache<string, true>({ max: MOST_KNOWN });

  /** Creates the documents of accounts; those that exist stay. Which of the claims are made by it. */
  async function insertFirst(claimings: readonly Claiming[]): Promise<Set<Claiming>> {
    if (claimings.length === 0) return new Set();
    const hasRoom = ({ command }: Claiming) => command.n <= command.cap;
    let existing = new Set<number>();
    try {
      await quotas.insertMany(
        claimings.map((one) => ({
          _id: keyOf(one.command),
          claims: hasRoom(one) ? [one.claim] : [],
        })),
        { ordered: false },
      );
    } catch (error) {
      existing = failuresOf(error);
      if (!isDuplicate(error) || existing.size === 0) throw error;
    }
    for (const { command } of claimings) made.set(keyOf(command), true);
    return new Set(claimings.filter((one, index) => hasRoom(one) && !existing.has(index)));
  }

  /** Adds claims to quotas that exist, each where there is room; what came of them. */
  async function add(claimings: readonly Claiming[]): Promise<(ClaimAnswer | Fault)[]> {
    if (claimings.length === 0) return [];
    const commands = claimings.map(({ command }) => command);
    const keys = commands.map(keyOf);
    const claims = claimings.map(({ claim }) => claim);
    const { modifiedCount } = await quotas.updateMany(hasRoom(commands), [
      { $set: { claims: { $concatArrays: [UNEXPIRED, [ownOf(keys, claims)]] } } },
    ]);
    if (modifiedCount === claimings.length) return claimings.map(claimed);
    const found = await quotas
      .aggregate<Quota & { used: number; now: Date }>([
        { $match: { _id: { $in: keys } } },
        { $project: { claims: 1, used: USED, now: '$$NOW' } },
      ])
      .batchSize(WHOLE)
      .toArray();
    const byKey = new Map(found.map((quota) => [quota._id, quota]));
    return commands.map((one) => answerClaim(one, byKey.get(keyOf(one))));
  }

  const claimed = ({ claim: { expiresAt } }: Claiming): ClaimAnswer => ({
    kind: 'claimed',
    expiresAt,
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

  return createBatches<ClaimCommand, ClaimAnswer>({
    keysOf: (command) => [keyOf(command)],
    async run(commands) {
      const now = await clock.now();
      const claimings = commands.map((command) => claimingAt(now, command));
      const first = await insertFirst(claimings.filter(({ command }) => !made.has(keyOf(command))));
      const others = claimings.filter((one) => !first.has(one));
      const added = await add(others);
      const answers = new Map(others.map((one, index) => [one, added[index]]));
      return claimings.map((one) => answers.get(one) ?? claimed(one));
    },
  });
}
