import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { MongoClient } from 'mongodb';
import mongoose from 'mongoose';

/**
 * One client for both drivers: the native one reaches seats, holds, quotas, plans and keys;
 * mongoose reaches venues and events. Every write is acknowledged by a majority and
 * journaled; reads go to the primary, since they decide.
 */
export function openDatabase(options: { url: string; database: string; log: Logger }) {
  const client = new MongoClient(withDatabase(options.url, options.database), {
    appName: 'holdfast-catalog',
    writeConcern: { w: 'majority', j: true },
    readPreference: 'primary',
    serverSelectionTimeoutMS: 3_000,
    connectTimeoutMS: 3_000,
    socketTimeoutMS: 20_000,
    waitQueueTimeoutMS: 5_000,
    maxPoolSize: 60,
    ignoreUndefined: true,
  });
  const connection = mongoose.createConnection();
  let closed = false;

  return {
    db: client.db(options.database),
    connection,
    /** Connects and runs `prepare`, again and again until both succeed or the database is closed. */
    async ready(prepare: () => Promise<void>): Promise<boolean> {
      while (!closed) {
        try {
          await client.connect();
          if (connection.readyState === 0) connection.setClient(client);
          await prepare();
          return true;
        } catch (error) {
          options.log.warn('mongodb.not_ready', { error: describeError(error) });
          await sleep(500);
        }
      }
      return false;
    },
    async ping(): Promise<void> {
      await client.db(options.database).command({ ping: 1 });
    },
    async close(): Promise<void> {
      closed = true;
      await connection.close();
      await client.close();
    },
  };
}

export type Database = ReturnType<typeof openDatabase>;

/** The URL with the database in its path; logins stay in the database they were in. */
export function withDatabase(url: string, database: string): string {
  const [, server = url, path = '', query = ''] =
    /^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?([^?]*)\??(.*)$/.exec(url) ?? [];
  const parameters = new URLSearchParams(query);
  if (server.includes('@') && !parameters.has('authSource')) {
    parameters.set('authSource', path === '' ? 'admin' : path);
  }
  const text = parameters.toString();
  return `${server}/${database}${text === '' ? '' : `?${text}`}`;
}
