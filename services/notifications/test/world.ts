import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import { type Contract, type Message, newMessage } from '@holdfast/shared/contracts/contract.ts';
import { type UserState, userRegistered } from '@holdfast/shared/contracts/users.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { urlOf } from '@holdfast/shared/postgres/database.ts';
import pg from 'pg';
import type { Mail } from '../src/mail.ts';
import { createService } from '../src/service.ts';

/** A database and topics of its own, the producers' part, and as many consumers as a test starts. */
export async function startWorld() {
  const { POSTGRES_URL = '', KAFKA_BROKERS = '' } = process.env;
  const name = `notifications_test_${newId().slice(-12)}`;
  const config = {
    POSTGRES_URL,
    KAFKA_BROKERS,
    DATABASE_NAME: name,
    TOPIC_PREFIX: `${name}.`,
    LOG_LEVEL: 'silent',
  };
  const log = createLogger('test', 'silent');
  const bus = createKafkaBus({
    brokers: KAFKA_BROKERS,
    clientId: 'producers-of-the-test',
    topicPrefix: config.TOPIC_PREFIX,
    log,
  });

  function message<D extends object>(
    contract: Contract<D>,
    data: Partial<D>,
    parts: { key?: string; version?: number; time?: Date } = {},
  ): Message {
    return newMessage(contract, {
      key: parts.key ?? newId(),
      version: parts.version ?? 1,
      time: parts.time ?? new Date(),
      origin: systemOrigin('test', newId()),
      data: { ...contract.example, ...data },
    });
  }

  return {
    config,
    message,
    publish: (...messages: Message[]) => bus.publish(messages),
    /** Says that somebody has an account; answers the id. */
    async meet(name: string, time = new Date(0)): Promise<string> {
      const userId = newId();
      const user: Partial<UserState> = { userId, name, email: `${name}@example.org` };
      await bus.publish([message(userRegistered, user, { key: userId, time })]);
      return userId;
    },
    /** A consumer in this process, and what it has sent. */
    async start(options: { fromBeginning?: boolean; send?: (mail: Mail) => void } = {}) {
      const sent: Mail[] = [];
      const { fromBeginning = false, send = (mail) => void sent.push(mail) } = options;
      const service = await createService(config, { log, fromBeginning, send });
      return { ...service, sent };
    },
    /** A client with all rights in the service's database. */
    async connect(): Promise<pg.Client> {
      const client = new pg.Client({ connectionString: urlOf(POSTGRES_URL, name) });
      await client.connect();
      return client;
    },
    async stop() {
      await bus.close();
      const client = new pg.Client({ connectionString: POSTGRES_URL });
      await client.connect();
      await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
      await client.end();
      await dropTopics(KAFKA_BROKERS, config.TOPIC_PREFIX);
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;
