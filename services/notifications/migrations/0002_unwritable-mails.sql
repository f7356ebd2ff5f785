-- Up Migration

-- A mail that can not be written is put aside, so that those after it are sent.
alter table mails drop constraint mails_state_check;
alter table mails add constraint mails_state_check
  check (state in ('waiting', 'sent', 'too_late', 'from_before', 'unwritable'));
