import { CONTRACTS } from './all.ts';
import { TOPICS } from './contract.ts';

/** The page docs/messages.md: every message by topic, from the contracts alone. */
export function messagesPage(): string {
  const sections = TOPICS.map((topic) => {
    const rows = CONTRACTS.filter((one) => one.topic === topic).map(
      ({ type, summary, producer, consumers }) =>
        `| \`${type}\` | ${summary} | ${producer} | ${consumers.join(', ') || '-'} |`,
    );
    return [
      `## \`${topic}\``,
      '',
      `Key: ${keyOf(topic)}. Dead letters: \`${topic}.dead-letter\`.`,
      '',
      '| message | when | producer | consumers here |',
      '|---|---|---|---|',
      ...rows,
      '',
    ].join('\n');
  });
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

function keyOf(topic: string): string {
  if (topic === 'catalog.events') return 'id of the event or venue';
  if (topic === 'booking.tickets') return 'id of the ticket or transfer';
  const noun = topic.split('.')[1] ?? topic;
  return `id of the ${noun.replace(/s$/, '')}`;
}

const INTRODUCTION = `# Messages

Written from the contracts in \`packages/shared/src/contracts\` by \`npm run docs -w @holdfast/shared\`; do not edit. The same in full, with schemas and examples, is [asyncapi.json](asyncapi.json).

Every message is a CloudEvent 1.0 in Kafka's binary mode: attributes are \`ce_\` headers, the value is the data as JSON. \`ce_type\` ends with the major version; a change that a reader could trip over makes a new type. Delivery is at least once and in order for each key:

- a repeat has the same \`ce_id\`: remember the ids, or make the effect the same twice;
- \`ce_aggregateversion\` grows with each change of the aggregate: keep the highest;
- members you do not know may appear at any time: tolerate them.

A message that a consumer can not work on goes to the dead-letter topic with the headers \`dead-letter-reason\`, \`dead-letter-group\` and \`dead-letter-source\` (topic/partition/offset), and the ones behind it go on.
`;
