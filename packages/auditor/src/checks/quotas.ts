import type { Check } from '../check.ts';
import type { HoldDocument } from '../sources.ts';

const LIVING = ['pinned', 'confirmed'];

/** Rules over what accounts hold of an event, as catalog counts it. */
export const QUOTA_CHECKS: readonly Check[] = [
  {
    invariant: 17,
    title: 'the claims of each living hold are for the seats it has, within the cap of its account',
    reads: 'catalog',
    async run({ holds, quotas }) {
      const living = await holds
        .find(
          {
            $or: [
              { state: { $in: LIVING } },
              { state: 'held', $expr: { $not: [{ $lte: ['$expiresAt', '$$NOW'] }] } },
            ],
          },
          { projection: { userId: 1, eventId: 1, state: 1, seats: 1, changes: 1, maxPerUser: 1 } },
        )
        .toArray();
      const accounts = Map.groupBy(living, (hold) => `${hold.userId}:${hold.eventId}`);
      const found = await quotas.find({ _id: { $in: [...accounts.keys()] } }).toArray();
      const claims = new Map(found.map((quota) => [quota._id, quota.claims]));
      const findings = [...accounts].flatMap(([account, own]) => {
        const seats = own.reduce((sum, hold) => sum + hold.seats.length, 0);
        const cap = Math.max(...own.map((hold) => hold.maxPerUser));
        const over =
          seats > cap ? [`account and event ${account} have ${seats} seats of ${cap} at most`] : [];
        return [...over, ...own.flatMap((hold) => miscounted(hold, claims.get(account) ?? []))];
      });
      return { checked: living.length, findings };
    },
  },
];

function miscounted(
  hold: HoldDocument,
  claims: readonly { holdId: string; n: number; expiresAt: Date | null }[],
): string[] {
  const ids = new Set([hold._id, ...(hold.changes ?? []).map((change) => change.id)]);
  const own = claims.filter((claim) => ids.has(claim.holdId));
  const counted = own.reduce((sum, claim) => sum + claim.n, 0);
  if (counted !== hold.seats.length) {
    return [`hold ${hold._id} has ${hold.seats.length} seats, its quota counts ${counted}`];
  }
  const runsOut = LIVING.includes(hold.state) && own.some((claim) => claim.expiresAt !== null);
  return runsOut ? [`hold ${hold._id} is ${hold.state}, its claim on the quota runs out`] : [];
}
