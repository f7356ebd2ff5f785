import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { Tier } from '@holdfast/shared/contracts/users.ts';
import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { sql } from 'drizzle-orm';
import type { Account } from '../accounts/account.ts';

/** How many confirmed bookings of the last days a tier takes. */
export type TierRule = { premiumBookings: number; vipBookings: number; windowDays: number };

/** What the bookings of an account say. */
export type EarnedTier = { readonly bookings: number; readonly tier: Tier };

export async function keepTierRule(db: Database, rule: TierRule): Promise<void> {
  const { premiumBookings, vipBookings, windowDays } = rule;
  await db.execute(sql`
    insert into tier_rule (premium_bookings, vip_bookings, window_days)
    values (${premiumBookings}, ${vipBookings}, ${windowDays})
    on conflict (is_one) do update set premium_bookings = excluded.premium_bookings,
      vip_bookings = excluded.vip_bookings, window_days = excluded.window_days`);
}

/** A message that a booking was sold, or that its sale was undone. */
export type SaleNews = { readonly message: Message<BookingState>; readonly cancelled: boolean };

/**
 * Keeps what the messages say of bookings unless newer is known; one message of each booking.
 * Answers the owners of those that changed.
 */
export async function keepTierBookings(
  tx: Transaction,
  news: readonly SaleNews[],
): Promise<string[]> {
  const rows = news.map(({ message: { data, version, time }, cancelled }) => ({
    booking_id: data.bookingId,
    user_id: data.userId,
    version,
    confirmed_at: cancelled ? null : time,
    cancelled,
  }));
  const { rows: changed } = await tx.execute<{ user_id: string }>(sql`
    insert into tier_bookings as known (booking_id, user_id, version, confirmed_at, cancelled)
    select booking_id, user_id, version, confirmed_at, cancelled
    from ${rowsOf('tier_bookings', rows)} order by booking_id
    on conflict (booking_id) do update set version = excluded.version,
      confirmed_at = coalesce(excluded.confirmed_at, known.confirmed_at),
      cancelled = excluded.cancelled
    where known.version < excluded.version
    returning user_id`);
  return [...new Set(changed.map((row) => row.user_id))];
}

export async function findEarnedTiers(
  db: Database | Transaction,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, EarnedTier>> {
  const { rows } = await db.execute<{ user_id: string } & EarnedTier>(sql`
    select user_id, bookings, tier from earned_tiers
    where user_id = any(${sql.param([...userIds])}::uuid[])`);
  return new Map(rows.map(({ user_id, bookings, tier }) => [user_id, { bookings, tier }]));
}

/** Where an account stands, and what it takes to rise. */
export type Standing = {
  /** Bookings that count at present. */
  readonly bookings: number;
  readonly windowDays: number;
  /** The next tier by bookings and how many more it takes; null at the highest, or when granted. */
  readonly next: { readonly tier: Tier; readonly bookings: number } | null;
};

export async function findStanding(db: Database, account: Account): Promise<Standing> {
  const { rows } = await db.execute<{
    bookings: number;
    premium: number;
    vip: number;
    days: number;
  }>(sql`
    select e.bookings, r.premium_bookings as premium, r.vip_bookings as vip, r.window_days as days
    from earned_tiers e cross join tier_rule r where e.user_id = ${account.userId}`);
  const [row] = rows;
  if (row === undefined) throw new Error(`User ${account.userId} was found and is gone`);
  const missing = (tier: Tier, wanted: number) => ({ tier, bookings: wanted - row.bookings });
  const steps = [missing('premium', row.premium), missing('vip', row.vip)];
  const next = account.grantedTier === null && steps.find(({ bookings }) => bookings > 0);
  return { bookings: row.bookings, windowDays: row.days, next: next || null };
}

/**
 * Accounts whose tier is not what their bookings say, some of them: of all, or of those of which
 * a booking has left the window after `since`; and the instant up to which that was looked at.
 */
export async function findUnsettled(
  db: Database,
  { since, limit }: { since: string | undefined; limit: number },
): Promise<{ userIds: string[]; until: string }> {
  const leftSince = sql`
    select b.user_id from tier_bookings b, tier_rule r where not b.cancelled
      and b.confirmed_at > ${since}::timestamptz - make_interval(days => r.window_days)
      and b.confirmed_at <= now() - make_interval(days => r.window_days)`;
  const { rows } = await db.execute<{ ids: string[]; until: string }>(sql`
    select now()::text as until, array(
      select u.id from users u join earned_tiers e on e.user_id = u.id
      where u.granted_tier is null and u.tier <> e.tier
        ${since === undefined ? sql`` : sql`and u.id in (${leftSince})`}
      limit ${limit}) as ids`);
  return { userIds: rows[0]?.ids ?? [], until: rows[0]?.until ?? '' };
}
