-- Up Migration

-- The tier that an admin gave, which stands whatever bookings say; null: the tier is earned.
alter table users add column granted_tier text
  check (granted_tier in ('regular', 'premium', 'vip'));
update users set granted_tier = tier where tier <> 'regular';
alter table users add constraint users_granted_tier_stands
  check (granted_tier is null or tier = granted_tier);

-- How many confirmed bookings of the last days a tier takes, as the instance started last says.
create table tier_rule (
  is_one boolean primary key default true check (is_one),
  premium_bookings integer not null check (premium_bookings > 0),
  vip_bookings integer not null check (vip_bookings > premium_bookings),
  window_days integer not null check (window_days > 0)
);

-- Bookings that were sold, as the message of the highest version tells. The row is also the mark
-- that its messages had their effect: one that is not newer changes nothing.
create table tier_bookings (
  booking_id uuid primary key,
  user_id uuid not null,
  version integer not null,
  -- Null when the cancellation was heard first.
  confirmed_at timestamptz,
  cancelled boolean not null
);
create index tier_bookings_of_user on tier_bookings (user_id) where not cancelled;
create index tier_bookings_by_time on tier_bookings (confirmed_at) where not cancelled;

-- The rule of tiers: what the bookings of an account say.
create view earned_tiers as
select user_id, bookings,
  case
    when bookings >= vip_bookings then 'vip'
    when bookings >= premium_bookings then 'premium'
    else 'regular'
  end as tier
from (
  select u.id as user_id, count(b.booking_id) as bookings
  from users u left join tier_bookings b on b.user_id = u.id and not b.cancelled
    and b.confirmed_at > now() - make_interval(days => (select window_days from tier_rule))
  group by u.id
) counted cross join tier_rule;

grant select, insert, update on tier_rule, tier_bookings to auth_app;
grant select on earned_tiers to auth_app;
