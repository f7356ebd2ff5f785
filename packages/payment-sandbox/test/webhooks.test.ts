import type { Service } from '@holdfast/shared/lifecycle.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type Stripe from 'stripe';
import {
  connect,
  countWebhooks,
  errorOf,
  makeDataDir,
  type Receiver,
  removeDataDir,
  startReceiver,
  startSandbox,
  WEBHOOK_SECRET,
} from './harness.ts';

const wanted: Stripe.PaymentIntentCreateParams = {
  amount: 800,
  currency: 'eur',
  payment_method: 'pm_card_visa',
  capture_method: 'manual',
  confirm: true,
};

describe('webhooks', () => {
  let dataDir: string;
  let receiver: Receiver;
  let sandbox: Service;
  let stripe: Stripe;

  beforeEach(async () => {
    dataDir = await makeDataDir();
    receiver = await startReceiver();
    sandbox = await startSandbox(dataDir, { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET });
    stripe = connect(sandbox.url);
  });
  afterEach(async () => {
    await sandbox.stop();
    await receiver.stop();
    await removeDataDir(dataDir);
  });

  const receive = (count: number) =>
    waitUntil(`${count} events`, () => receiver.events.length >= count);
  const types = () => receiver.events.map((event) => event.type).toSorted();

  it('tell each change of a payment, signed, with the request that made it', async () => {
    const idempotencyKey = 'create-1';
    const intent = await stripe.paymentIntents.create(wanted, { idempotencyKey });
    await receive(1);
    const authorized = receiver.events[0]!;
    expect(authorized.type).to.equal('payment_intent.amount_capturable_updated');
    expect(authorized.request).to.deep.equal({
      id: intent.lastResponse.requestId,
      idempotency_key: idempotencyKey,
    });
    expect((authorized.data.object as Stripe.PaymentIntent).status).to.equal('requires_capture');

    await stripe.paymentIntents.capture(intent.id);
    await stripe.refunds.create({ payment_intent: intent.id });
    await stripe.paymentIntents.cancel((await stripe.paymentIntents.create(wanted)).id);
    await errorOf(
      stripe.paymentIntents.create({ ...wanted, payment_method: 'pm_card_chargeDeclined' }),
    );
    await receive(8);
    expect(types()).to.deep.equal([
      'charge.refunded',
      'payment_intent.amount_capturable_updated',
      'payment_intent.amount_capturable_updated',
      'payment_intent.canceled',
      'payment_intent.payment_failed',
      'payment_intent.succeeded',
      'refund.created',
      'refund.updated',
    ]);
    const listed = await stripe.events.list({ type: 'charge.refunded' });
    expect((listed.data[0]!.data.object as Stripe.Charge).amount_refunded).to.equal(800);
  });

  it('are sent again until they are taken', async () => {
    receiver.refusals.push(500, 404);
    await stripe.paymentIntents.create(wanted);
    await receive(1);
    expect(types()).to.deep.equal(['payment_intent.amount_capturable_updated']);
    await waitUntil('the delivery to be recorded', async () => {
      const counts = await countWebhooks(sandbox.url);
      return counts.delivered === 1 && counts.undelivered === 0;
    });
  });

  it('are not sent for a repeated request', async () => {
    const options = { idempotencyKey: 'same' };
    await stripe.paymentIntents.create(wanted, options);
    await stripe.paymentIntents.create(wanted, options);
    const last = await stripe.paymentIntents.create({ ...wanted, amount: 99 });
    await waitUntil('the last event', () =>
      receiver.events.some((event) => (event.data.object as { id: string }).id === last.id),
    );
    expect(receiver.events).to.have.lengthOf(2);
  });

  it('are kept while the receiver is away, and not sent at all where there is none', async () => {
    const { url } = receiver;
    await receiver.stop();
    const intent = await stripe.paymentIntents.create(wanted);
    await sandbox.stop();

    sandbox = await startSandbox(dataDir);
    await connect(sandbox.url).paymentIntents.capture(intent.id);
    await sandbox.stop();

    receiver = await startReceiver();
    expect(receiver.url).not.to.equal(url);
    sandbox = await startSandbox(dataDir, { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET });
    await receive(1);
    await connect(sandbox.url).paymentIntents.create(wanted);
    await receive(2);
    expect(types()).to.deep.equal([
      'payment_intent.amount_capturable_updated',
      'payment_intent.amount_capturable_updated',
    ]);
  });
});
