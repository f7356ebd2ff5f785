-- Up Migration

-- A booking may cost nothing; it has no payment then. The partitions have the CHECK as their own.
do $$
declare
  part regclass;
begin
  alter table bookings drop constraint bookings_total_minor_check;
  for part in select inhrelid::regclass from pg_inherits where inhparent = 'bookings'::regclass loop
    execute format('alter table %s drop constraint if exists bookings_total_minor_check', part);
  end loop;
  alter table bookings add constraint bookings_total_minor_check check (total_minor >= 0);
end $$;
