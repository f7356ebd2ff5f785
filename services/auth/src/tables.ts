import type { Role, Tier } from '@holdfast/shared/contracts/users.ts';
import { customType, integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import type { JWK } from 'jose';

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const instant = (name: string) => timestamp(name, { withTimezone: true });

/** The tables of accounts and sessions, as the queries see them. */
export const users = pgTable('users', {
  id: uuid().primaryKey(),
  email: text().notNull(),
  passwordHash: text('password_hash').notNull(),
  name: text().notNull(),
  phone: text(),
  tier: text().$type<Tier>().notNull().default('regular'),
  grantedTier: text('granted_tier').$type<Tier>(),
  roles: text().array().$type<Role[]>().notNull().default(['user']),
  registrationFingerprint: text('registration_fingerprint'),
  version: integer().notNull().default(1),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});

export const sessions = pgTable('sessions', {
  id: uuid().primaryKey(),
  userId: uuid('user_id').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  expiresAt: instant('expires_at').notNull(),
  endedAt: instant('ended_at'),
  endReason: text('end_reason').$type<'logged_out' | 'refresh_token_reused'>(),
});

export const refreshTokens = pgTable('refresh_tokens', {
  hash: bytea().primaryKey(),
  sessionId: uuid('session_id').notNull(),
  issuedAt: instant('issued_at').notNull().defaultNow(),
  usedAt: instant('used_at'),
});

export const loginAttempts = pgTable('login_attempts', {
  emailHash: bytea('email_hash').primaryKey(),
  attempts: integer().notNull(),
  windowEndsAt: instant('window_ends_at').notNull(),
});

export const signingKeys = pgTable('signing_keys', {
  id: text().primaryKey(),
  publicJwk: jsonb('public_jwk').$type<JWK>().notNull(),
  privateJwk: jsonb('private_jwk').$type<JWK>().notNull(),
  signsFrom: instant('signs_from').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
});

export const serviceClients = pgTable('service_clients', {
  id: uuid().primaryKey(),
  name: text().notNull(),
  secretHash: bytea('secret_hash').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
});
