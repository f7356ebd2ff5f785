-- Up Migration

-- What a relay does first, in one round trip: it locks the buckets that have rows and that no other
-- relay works on, and reads what they have. `others_work` where another relay has some of them.
create function claim_outbox(most integer, out messages json, out others_work boolean)
language plpgsql as $$
declare
  waiting smallint[] := array(
    select bucket from outbox_buckets b
    where exists (select from outbox where outbox.bucket = b.bucket));
  mine smallint[] := array(
    select bucket from outbox_buckets where bucket = any(waiting) for update skip locked);
begin
  -- A statement of its own: its snapshot is younger than the locks, so it never sees rows that the
  -- relay before it has published and deleted.
  messages := (
    select json_agg(row order by row.id) from (
      select id, message from outbox where bucket = any(mine) order by id limit most) row);
  others_work := cardinality(mine) < cardinality(waiting);
end $$;
