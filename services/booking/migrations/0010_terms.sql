-- Up Migration

-- What a booking was sold under besides the face values of its seats: the terms of its offer (null:
-- none), and the fees and taxes that followed from them then, as lines
-- [{ kind, name, seatId, amountMinor, included, of? }]. Never changed afterwards.
alter table bookings
  add column terms jsonb,
  add column charges jsonb not null default '[]' check (jsonb_typeof(charges) = 'array');
