import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import { closeAll } from '@holdfast/shared/lifecycle.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { openPostgres } from '@holdfast/shared/postgres/database.ts';
import type { NotificationsConfig } from './config.ts';
import { consumeMessages } from './consumer.ts';
import type { Mail } from './mail.ts';
import { createSendingLoop } from './sending.ts';
import { beginAtTheBeginning } from './stores/mails.ts';

/** Turns the published messages into mails and gives them to `send`, once the store is there. */
export async function createService(
  config: NotificationsConfig,
  options: { log: Logger; fromBeginning: boolean; send: (mail: Mail) => Promise<void> | void },
) {
  const { log, send } = options;
  const postgres = await openPostgres({
    url: config.POSTGRES_URL,
    database: config.DATABASE_NAME,
    role: 'notifications_app',
    migrations: new URL('../migrations', import.meta.url),
    log,
  });
  const { db } = postgres;
  if (options.fromBeginning) await beginAtTheBeginning(db);
  const bus = createKafkaBus({
    brokers: config.KAFKA_BROKERS,
    clientId: 'notifications',
    topicPrefix: config.TOPIC_PREFIX,
    log,
  });
  const sending = createSendingLoop({ db, send, log });
  const subscription = consumeMessages({ db, bus, onMail: sending.wake });
  sending.start();
  return {
    postgres,
    sending,
    joined: subscription.joined,
    stop: () => closeAll(subscription.stop, sending.stop, bus.close, postgres.close),
  };
}
