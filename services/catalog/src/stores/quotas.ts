import { createBatches } from '@holdfast/shared/batches.ts';
import type { Db, Document } from 'mongodb';
import { claimsOf, type Hold } from '../hold.ts';
import { type Claim, createClaims, type Quota, quotaKey, withSlack } from './quota-claims.ts';
import type { StoreClock } from './store-clock.ts';
import { literal } from './time.ts';

/** What finds the claims of a hold, of its additions too, in its round. */
type Owner = Pick<Hold, '_id' | 'userId' | 'eventId' | 'round' | 'seats' | 'changes'>;

type Try = { userId: string; eventId: string; attemptId: string };

/** How many seats of an event one account holds or owns: one document each, changed in one write. */
export function createQuotas(db: Db, clock: StoreClock) {
  const quotas = db.collection<Quota>('quotas');

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
    claim: createClaims(quotas, clock),

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
