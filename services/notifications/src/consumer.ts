import type { Bus, Subscription } from '@holdfast/shared/bus/bus.ts';
import { type Message, readMessage, type Topic } from '@holdfast/shared/contracts/contract.ts';
import { EVENT_CONTRACTS } from '@holdfast/shared/contracts/events.ts';
import { USER_CONTRACTS } from '@holdfast/shared/contracts/users.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { occasionOf } from './mail.ts';
import { keepEvent, keepRecipient } from './stores/directory.ts';
import { keepMail } from './stores/mails.ts';

const TOPICS: readonly Topic[] = [
  'auth.users',
  'catalog.events',
  'catalog.holds',
  'booking.bookings',
  'booking.payments',
  'booking.tickets',
];

/**
 * Reads its topics in a group of its own. What a message brings about is committed in one
 * transaction before its position is: a message whose position was not committed comes again, and
 * finds its effect. One that breaks its contract goes to the dead-letter topic; types that are not
 * known here are passed over.
 */
export function consumeMessages(deps: {
  db: Database;
  bus: Bus;
  onMail: () => void;
}): Subscription {
  return deps.bus.subscribe({
    group: 'notifications',
    topics: TOPICS,
    async onMessage(message) {
      const [user, event, occasion] = [readUser(message), readEvent(message), occasionOf(message)];
      if (!user && !event && !occasion) return;
      await deps.db.transaction(async (tx) => {
        if (user) await keepRecipient(tx, user);
        if (event) await keepEvent(tx, event);
        if (occasion) await keepMail(tx, occasion);
      });
      deps.onMail();
    },
  });
}

function readUser(message: Message) {
  const contract = USER_CONTRACTS.find(({ type }) => type === message.type);
  return contract && readMessage(contract, message);
}

function readEvent(message: Message) {
  const contract = EVENT_CONTRACTS.find(({ type }) => type === message.type);
  return contract && readMessage(contract, message);
}
