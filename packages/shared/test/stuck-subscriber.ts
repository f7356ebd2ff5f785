/** Subscribes, tells of the first message on standard output, and never finishes it. */
import { createKafkaBus } from '../src/bus/kafka.ts';
import { createLogger } from '../src/logger.ts';

const [brokers = '', topicPrefix = '', group = ''] = process.argv.slice(2);
const bus = createKafkaBus({
  brokers,
  topicPrefix,
  clientId: 'stuck',
  log: createLogger('stuck', 'silent'),
});
bus.subscribe({
  group,
  topics: ['catalog.holds'],
  onMessage: (message) => {
    process.stdout.write(`${message.id}\n`);
    return new Promise<never>(() => undefined);
  },
});
