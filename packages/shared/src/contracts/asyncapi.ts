import { tolerantSchema } from '../http/json-schema.ts';
import { CONTRACTS } from './all.ts';
import { type Contract, TOPICS, type Topic } from './contract.ts';

const TOPIC_SUMMARIES: Record<Topic, string> = {
  'catalog.events': 'Events and venues; the key is the id of the event or venue',
  'catalog.holds':
    'Holds and blocks and the seats they change; the key is the id of the hold or block',
  'booking.bookings': 'Bookings; the key is the id of the booking',
  'booking.payments': 'Payments; the key is the id of the payment',
  'booking.tickets': 'Tickets and their transfers; the key is the id of the ticket or transfer',
  'auth.users': 'Accounts; the key is the id of the user',
};

/** Headers of every record: CloudEvents 1.0 attributes in Kafka's binary mode. */
const HEADERS = {
  type: 'object',
  required: ['ce_specversion', 'ce_id', 'ce_type', 'ce_source', 'ce_time', 'ce_aggregateversion'],
  properties: {
    'content-type': { type: 'string', const: 'application/json; charset=utf-8' },
    ce_specversion: { type: 'string', const: '1.0' },
    ce_id: { type: 'string', format: 'uuid', description: 'A repeat has the same id' },
    ce_type: { type: 'string', description: 'Name of the message with its major version' },
    ce_source: { type: 'string', description: 'The service, such as /holdfast/catalog' },
    ce_subject: { type: 'string', description: 'Id of the aggregate, as the key' },
    ce_time: { type: 'string', format: 'date-time', description: 'Instant of the change' },
    ce_aggregateversion: {
      type: 'string',
      description: 'Version of the aggregate after the change: keep the highest',
    },
    ce_actor: { type: 'string', description: 'Who made the change, such as user:<id>' },
    ce_requestid: { type: 'string' },
    ce_correlationid: { type: 'string' },
  },
} as const;

/** The AsyncAPI 3.0 document of every topic and message, from the contracts alone. */
export function asyncApi(version: string): object {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Holdfast messages',
      version,
      description:
        'Messages that Holdfast publishes on Kafka. Delivery is at least once, in order for each key: know repeats by ce_id, and tolerate members you do not know.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(TOPICS.map((topic) => [nameOf(topic), channel(topic)])),
    operations: Object.fromEntries(
      TOPICS.map((topic) => [`publish-${nameOf(topic)}`, send(topic)]),
    ),
    components: {
      messages: Object.fromEntries(CONTRACTS.map((one) => [one.type, message(one)])),
      schemas: { Headers: HEADERS },
    },
  };
}

/** Channel ids have no dots, which some tools take for paths. */
function nameOf(topic: Topic): string {
  return topic.replace('.', '-');
}

function channel(topic: Topic): object {
  return {
    address: topic,
    description: TOPIC_SUMMARIES[topic],
    messages: Object.fromEntries(
      contractsOf(topic).map(({ type }) => [type, { $ref: `#/components/messages/${type}` }]),
    ),
  };
}

/** What a service does: it sends. Whoever subscribes turns this round. */
function send(topic: Topic): object {
  const channelRef = `#/channels/${nameOf(topic)}`;
  return {
    action: 'send',
    channel: { $ref: channelRef },
    summary: `${topic.split('.')[0]} publishes on ${topic}`,
    messages: contractsOf(topic).map(({ type }) => ({ $ref: `${channelRef}/messages/${type}` })),
  };
}

function message({ type, summary, schema, example, topic }: Contract<object>): object {
  return {
    name: type,
    title: type,
    summary,
    contentType: 'application/json',
    headers: { $ref: '#/components/schemas/Headers' },
    payload: tolerantSchema(schema),
    examples: [
      {
        name: 'golden',
        headers: {
          ce_specversion: '1.0',
          ce_id: '0198c9d7-4444-7000-8000-000000000009',
          ce_type: type,
          ce_source: `/holdfast/${topic.split('.')[0]}`,
          ce_time: '2027-03-14T19:30:00.000Z',
          ce_aggregateversion: '2',
        },
        payload: example,
      },
    ],
  };
}

function contractsOf(topic: Topic): readonly Contract<object>[] {
  return CONTRACTS.filter((one) => one.topic === topic);
}
