-- Up Migration

create table users (
  id uuid primary key,
  email text not null,
  password_hash text not null,
  name text not null check (name <> ''),
  phone text,
  tier text not null default 'regular' check (tier in ('regular', 'premium', 'vip')),
  roles text[] not null default '{user}'
    check (cardinality(roles) > 0
      and roles <@ array['user', 'organizer', 'admin', 'analyst', 'scanner']),
  -- The request that registered it with an Idempotency-Key, from which the id then derives. It
  -- leaves the password out: a fast hash of that must not lie here.
  registration_fingerprint text,
  -- Grows by one with each change; equals the length of the user's audit chain.
  version integer not null default 1,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint users_email_normalised check (email = lower(btrim(email)))
);
create unique index users_email on users (email);

-- One row a login. All refresh tokens that descend from it are its family.
create table sessions (
  id uuid primary key,
  user_id uuid not null references users,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  end_reason text check (end_reason in ('logged_out', 'refresh_token_reused')),
  check ((ended_at is null) = (end_reason is null))
);
create index sessions_by_user on sessions (user_id);
create index sessions_by_expiry on sessions (expires_at);

-- SHA-256 of each refresh token; the token itself is 256 random bits that only the client has.
create table refresh_tokens (
  hash bytea primary key check (octet_length(hash) = 32),
  session_id uuid not null references sessions on delete cascade,
  issued_at timestamptz not null default clock_timestamp(),
  used_at timestamptz
);
create index refresh_tokens_by_session on refresh_tokens (session_id);

-- Attempts of a window of time on one mail address, whether or not it has an account.
create table login_attempts (
  email_hash bytea primary key check (octet_length(email_hash) = 32),
  attempts integer not null,
  window_ends_at timestamptz not null
);

-- The newest key whose signs_from has passed signs; the others are only published.
create table signing_keys (
  id text primary key,
  public_jwk jsonb not null,
  private_jwk jsonb not null,
  signs_from timestamptz not null unique,
  created_at timestamptz not null default clock_timestamp()
);

create table service_clients (
  id uuid primary key,
  name text not null check (name <> ''),
  secret_hash bytea not null check (octet_length(secret_hash) = 32),
  created_at timestamptz not null default clock_timestamp()
);

grant select, insert, delete on outbox to auth_app;
grant select, update on outbox_buckets to auth_app;
grant select, insert on inbox to auth_app;
grant select, insert on audit_entries to auth_app;
grant select on audit_heads to auth_app;
grant select, insert, update on users to auth_app;
grant select, insert, update, delete on sessions, refresh_tokens, login_attempts to auth_app;
grant select, insert, delete on signing_keys to auth_app;
grant select, insert on service_clients to auth_app;
