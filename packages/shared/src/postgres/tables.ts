import {
  bigint,
  char,
  customType,
  integer,
  jsonb,
  pgTable,
  smallint,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Message } from '../contracts/contract.ts';

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** The tables that every service on PostgreSQL has, as migrations/0001 creates them. */
export const outbox = pgTable('outbox', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  bucket: smallint().notNull(),
  message: jsonb().$type<Message>().notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
});

export const inbox = pgTable('inbox', {
  consumer: text().notNull(),
  messageId: uuid('message_id').notNull(),
});

export const auditEntries = pgTable('audit_entries', {
  aggregateType: text('aggregate_type').notNull(),
  aggregateId: uuid('aggregate_id').notNull(),
  seq: integer().notNull().default(0),
  action: text().notNull(),
  oldStatus: text('old_status'),
  newStatus: text('new_status'),
  amountMinor: bigint('amount_minor', { mode: 'number' }),
  currency: char({ length: 3 }),
  actor: text().notNull(),
  reason: text(),
  requestId: text('request_id').notNull(),
  correlationId: text('correlation_id').notNull(),
  metadata: jsonb().$type<Record<string, unknown>>().notNull().default({}),
  at: timestamp({ withTimezone: true }).notNull().defaultNow(),
  previousHash: bytea('previous_hash').notNull().default(Buffer.alloc(0)),
  hash: bytea().notNull().default(Buffer.alloc(0)),
});
