import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '@holdfast/shared/config.ts';
import { runService } from '@holdfast/shared/lifecycle.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { notificationsSettings } from './config.ts';
import type { Mail } from './mail.ts';
import { createService } from './service.ts';

const USAGE = `Reads Holdfast's messages and prints the mails that it would send, each once.

Usage: node services/notifications/src/main.ts [options]

  --from-beginning  also what happened before it was first started
  --json            a line of JSON a mail
  --help            this text

Settings, from the environment: KAFKA_BROKERS and POSTGRES_URL; TOPIC_PREFIX, DATABASE_NAME
(notifications) and LOG_LEVEL (warn) if need be. Logs go to standard error.
`;

function readOptions() {
  try {
    return parseArgs({
      options: {
        'from-beginning': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new ConfigError([`${(error as Error).message} (--help lists the options)`]);
  }
}

function asText({ messageId, to, subject, text }: Mail): string {
  return `To: ${to}\nSubject: ${subject}\nMessage-ID: ${messageId}\n\n${text}\n\n`;
}

await runService('notifications', async () => {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const config = readConfig(notificationsSettings);
  const log = createLogger('notifications', config.LOG_LEVEL, 'stderr');
  const service = await createService(config, {
    log,
    fromBeginning: options['from-beginning'],
    send: (mail) =>
      void process.stdout.write(options.json ? `${JSON.stringify(mail)}\n` : asText(mail)),
  });
  return { service: { ...service, url: config.KAFKA_BROKERS }, log };
});
