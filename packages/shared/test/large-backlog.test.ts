import { expect } from 'chai';
import { newId } from '../src/ids.ts';
import { waitUntil } from '../src/wait.ts';
import { firstsOf, messageOf, startTestBus, unique } from './test-bus.ts';

describe('a backlog larger than a broker takes at once', () => {
  it('is published in parts and in order, does not hold up the outbox for ever', async function () {
    this.timeout(30_000);
    const { bus, arrived, stop } = await startTestBus();
    try {
      const key = newId();
      const backlog = Array.from({ length: 500 }, (_, at) => {
        const message = messageOf(key, at + 1);
        return { ...message, data: { ...message.data, reason: 'é'.repeat(2_000) } };
      });
      await bus.publish(backlog);
      await waitUntil('all messages', () => unique(arrived).length === backlog.length);
      expect(firstsOf(key, arrived)).to.deep.equal(backlog.map(({ version }) => version));
    } finally {
      await stop();
    }
  });
});
