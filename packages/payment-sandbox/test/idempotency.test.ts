import { randomUUID } from 'node:crypto';
import type { Service } from '@holdfast/shared/lifecycle.ts';
import { expect } from 'chai';
import type Stripe from 'stripe';
import {
  connect,
  errorOf,
  makeDataDir,
  readReport,
  removeDataDir,
  setFault,
  startSandbox,
} from './harness.ts';

const wanted: Stripe.PaymentIntentCreateParams = {
  amount: 1_200,
  currency: 'eur',
  payment_method: 'pm_card_visa',
  capture_method: 'manual',
  confirm: true,
};

describe('idempotency keys', () => {
  let dataDir: string;
  let sandbox: Service;
  let stripe: Stripe;

  before(async () => {
    dataDir = await makeDataDir();
    sandbox = await startSandbox(dataDir);
    stripe = connect(sandbox.url);
  });
  after(async () => {
    await sandbox.stop();
    await removeDataDir(dataDir);
  });
  afterEach(() => fetch(`${sandbox.url}/_sandbox/faults`, { method: 'DELETE' }));

  const countIntents = async () => (await readReport(sandbox.url)).length;

  it('give the first answer again, and do nothing a second time', async () => {
    const idempotencyKey = randomUUID();
    const before = await countIntents();
    const first = await stripe.paymentIntents.create(wanted, { idempotencyKey });
    const second = await stripe.paymentIntents.create(wanted, { idempotencyKey });
    expect(second).to.deep.equal(first);
    expect(first.lastResponse.headers).not.to.have.property('idempotent-replayed');
    expect(second.lastResponse.headers['idempotent-replayed']).to.equal('true');
    expect(second.lastResponse.headers['original-request']).to.equal(first.lastResponse.requestId);
    expect(await countIntents()).to.equal(before + 1);
  });

  it('give the first answer even when the payment has moved on since', async () => {
    const idempotencyKey = randomUUID();
    const first = await stripe.paymentIntents.create(wanted, { idempotencyKey });
    await stripe.paymentIntents.capture(first.id);
    const again = await stripe.paymentIntents.create(wanted, { idempotencyKey });
    expect(again.status).to.equal('requires_capture');
  });

  it('keep a decline, and do not try the card again', async () => {
    const idempotencyKey = randomUUID();
    const declined = { ...wanted, payment_method: 'pm_card_chargeDeclined' };
    const first = await errorOf(stripe.paymentIntents.create(declined, { idempotencyKey }));
    const second = await errorOf(stripe.paymentIntents.create(declined, { idempotencyKey }));
    expect(second).to.include({ statusCode: 402, code: 'card_declined' });
    expect(second.payment_intent?.id).to.equal(first.payment_intent?.id);
    expect(second.headers?.['idempotent-replayed']).to.equal('true');
  });

  it('keep a refusal by state, so that a later capture needs a new key', async () => {
    const intent = await stripe.paymentIntents.create({ ...wanted, confirm: false });
    const idempotencyKey = randomUUID();
    await errorOf(stripe.paymentIntents.capture(intent.id, {}, { idempotencyKey }));
    await stripe.paymentIntents.confirm(intent.id);
    const again = await errorOf(stripe.paymentIntents.capture(intent.id, {}, { idempotencyKey }));
    expect(again.code).to.equal('payment_intent_unexpected_state');
    expect((await stripe.paymentIntents.capture(intent.id)).status).to.equal('succeeded');
  });

  it('do not keep a request that was not valid', async () => {
    const idempotencyKey = randomUUID();
    const invalid = await errorOf(
      stripe.paymentIntents.create({ ...wanted, amount: 0 }, { idempotencyKey }),
    );
    expect(invalid.param).to.equal('amount');
    const intent = await stripe.paymentIntents.create(wanted, { idempotencyKey });
    expect(intent.lastResponse.headers).not.to.have.property('idempotent-replayed');
  });

  it('refuse other parameters and other paths, and leave the payment as it is', async () => {
    const idempotencyKey = randomUUID();
    const intent = await stripe.paymentIntents.create(wanted, { idempotencyKey });
    const others = [
      stripe.paymentIntents.create({ ...wanted, amount: 1_201 }, { idempotencyKey }),
      stripe.paymentIntents.capture(intent.id, {}, { idempotencyKey }),
    ];
    for (const other of others) {
      expect(await errorOf(other)).to.include({ statusCode: 400, rawType: 'idempotency_error' });
    }
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).to.equal('requires_capture');
  });

  it('let one of many at once through: the others are told so or given its answer', async () => {
    const idempotencyKey = randomUUID();
    const before = await countIntents();
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, () => stripe.paymentIntents.create(wanted, { idempotencyKey })),
    );
    const ids = results.flatMap((result) =>
      result.status === 'fulfilled' ? [result.value.id] : [],
    );
    const codes = results.flatMap((result) =>
      result.status === 'rejected' ? [`${result.reason.statusCode} ${result.reason.code}`] : [],
    );
    expect(new Set(ids).size).to.equal(1);
    expect(new Set(codes)).to.deep.equal(new Set(['409 idempotency_key_in_use']));
    expect(await countIntents()).to.equal(before + 1);
  });

  it('are in use until a late answer has gone out, and let the SDK retry into it', async () => {
    const idempotencyKey = randomUUID();
    await setFault(sandbox.url, { route: 'create', kind: 'late', delayMs: 300, times: 1 });
    const slow = stripe.paymentIntents.create(wanted, { idempotencyKey });
    let early: Stripe.errors.StripeError | undefined;
    // The first may not have arrived yet when the second does: either way one is refused.
    await Promise.all([
      slow.catch((error) => {
        early = error;
      }),
      stripe.paymentIntents.create(wanted, { idempotencyKey }).catch((error) => {
        early = error;
      }),
    ]);
    expect(early).to.include({ statusCode: 409, code: 'idempotency_key_in_use' });
    const retrying = connect(sandbox.url, { maxNetworkRetries: 3 });
    const intent = await retrying.paymentIntents.create(wanted, { idempotencyKey });
    expect(intent.lastResponse.headers['idempotent-replayed']).to.equal('true');
  });

  it('make ten captures at once under ten keys take money once', async () => {
    const intent = await stripe.paymentIntents.create(wanted);
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => stripe.paymentIntents.capture(intent.id)),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).to.have.lengthOf(1);
    const line = (await readReport(sandbox.url)).find(({ id }) => id === intent.id);
    expect(line).to.include({ captured: 1_200, captures: 1 });
  });
});
