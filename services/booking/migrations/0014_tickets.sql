-- Up Migration

-- Whose ticket it is and what has become of it at the gates. `epoch` grows when the ticket goes to
-- another holder: a code of an earlier epoch lets nobody in any more. `passages` counts entries and
-- exits, which take turns, so that a ticket is inside after an odd number of them.
alter table tickets
  add column epoch integer not null default 1 check (epoch between 1 and 65535),
  add column holder_id uuid,
  add column first_entered_at timestamptz,
  add column is_inside boolean not null default false,
  add column passages integer not null default 0,
  -- When a code of the ticket, which somebody may have, last lost its worth.
  add column revoked_at timestamptz;
update tickets t set holder_id = b.user_id from bookings b where b.id = t.booking_id;
update tickets t set revoked_at = t.changed_at where t.status = 'void';
alter table tickets
  alter column holder_id set not null,
  add constraint entries_and_exits_take_turns check (
    passages >= 0 and is_inside = (passages % 2 = 1)
    and (first_entered_at is not null) = (passages > 0)
  );

-- Whoever voids or reissues a ticket, its codes are on the list of revoked ones.
create function mark_ticket_revoked() returns trigger language plpgsql as $$
begin
  new.revoked_at := now();
  return new;
end $$;
create trigger mark_revoked before update on tickets for each row
  when (old.status = 'live' and new.status = 'void' or new.epoch <> old.epoch)
  execute function mark_ticket_revoked();
create index tickets_revoked on tickets (event_id, revoked_at, id) where revoked_at is not null;
