import { randomUUID } from 'node:crypto';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type Stripe from 'stripe';
import {
  connect,
  countWebhooks,
  makeDataDir,
  type Receiver,
  readReport,
  removeDataDir,
  type SpawnedSandbox,
  spawnSandbox,
  startReceiver,
  WEBHOOK_SECRET,
} from './harness.ts';

describe('SIGKILL', () => {
  let dataDir: string;
  let receiver: Receiver;
  let sandbox: SpawnedSandbox;

  before(async () => {
    dataDir = await makeDataDir();
    receiver = await startReceiver();
    await start();
  });
  after(async () => {
    await sandbox.kill();
    await receiver.stop();
    await removeDataDir(dataDir);
  });

  async function start(): Promise<void> {
    sandbox = await spawnSandbox(dataDir, { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET });
  }

  function buy(stripe: Stripe, key: string) {
    const params: Stripe.PaymentIntentCreateParams = {
      amount: 700,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: true,
      metadata: { key },
    };
    return stripe.paymentIntents.create(params, { idempotencyKey: key });
  }

  it('under load loses no answered payment; a retry by the same key pays once', async () => {
    const keys = Array.from({ length: 300 }, () => randomUUID());
    const answered = new Map<string, string>();
    const stripe = connect(sandbox.url);
    const waiting = [...keys];
    const buyers = Array.from({ length: 20 }, async () => {
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
        const intent = await buy(stripe, key);
        answered.set(key, intent.id);
        if (answered.size === 100) await sandbox.kill();
      }
    });
    await Promise.allSettled(buyers);
    expect(answered.size).to.be.within(100, keys.length - 1);

    await start();
    const revived = connect(sandbox.url);
    const kept = new Map((await readReport(sandbox.url)).map((line) => [line.id, line]));
    for (const id of answered.values()) {
      expect(kept.get(id)).to.include({ status: 'succeeded', captured: 700, captures: 1 });
    }
    for (const key of keys) {
      const intent = await buy(revived, key);
      if (answered.has(key)) expect(intent.id).to.equal(answered.get(key));
    }
    const paid = (await readReport(sandbox.url)).map((line) => line.metadata.key);
    expect(paid.toSorted()).to.deep.equal(keys.toSorted());
  });

  it('leaves undelivered webhooks to the next start, which delivers them', async () => {
    receiver.refusals.push(...Array.from({ length: 10_000 }, () => 503));
    const intent = await buy(connect(sandbox.url), randomUUID());
    await sandbox.kill();
    expect(seenFor(intent.id)).to.deep.equal([]);
    receiver.refusals.length = 0;
    await start();
    await waitUntil('the webhook', () => seenFor(intent.id).length > 0);
    expect(new Set(seenFor(intent.id))).to.deep.equal(new Set(['payment_intent.succeeded']));
    await waitUntil('no webhook to be left', async () => {
      return (await countWebhooks(sandbox.url)).undelivered === 0;
    });
    const delivered = new Set(
      receiver.events.map((event) => (event.data.object as { id: string }).id),
    );
    for (const line of await readReport(sandbox.url)) expect(delivered).to.include(line.id);
  });

  function seenFor(id: string): string[] {
    return receiver.events
      .filter((event) => (event.data.object as { id: string }).id === id)
      .map((event) => event.type);
  }
});
