-- Up Migration

-- The ids of all bookings, for foreign keys to refer to: checking one against the partitions of
-- `bookings` costs ten times as much, and more with each month (decision 24).
create table booking_ids (id uuid primary key);
insert into booking_ids select id from bookings;

create function keep_booking_id() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into booking_ids values (new.id);
  return new;
end $$;
-- Before the row, so that what the same statement writes of the booking finds its id.
create trigger keep_id before insert on bookings
  for each row execute function keep_booking_id();

do $$
declare
  old record;
begin
  for old in
    select conrelid::regclass as tab, conname, attname,
      case when condeferrable then 'deferrable initially deferred' else '' end as deferral
    from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1]
    where contype = 'f' and confrelid = 'bookings'::regclass and conparentid = 0
  loop
    execute format('alter table %s drop constraint %I', old.tab, old.conname);
    execute format('alter table %s add constraint %I foreign key (%I) references booking_ids %s',
      old.tab, old.conname, old.attname, old.deferral);
  end loop;
end $$;
