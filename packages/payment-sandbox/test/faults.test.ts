import { randomUUID } from 'node:crypto';
import { monotonicMs } from '@holdfast/shared/clock.ts';
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
  amount: 900,
  currency: 'eur',
  payment_method: 'pm_card_visa',
  capture_method: 'manual',
  confirm: true,
};

describe('faults', () => {
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

  it('late: does the work, answers after the delay, and only on its route', async () => {
    await setFault(sandbox.url, { route: 'capture', kind: 'late', delayMs: 200, times: 1 });
    const intent = await stripe.paymentIntents.create(wanted);
    const from = monotonicMs();
    expect((await stripe.paymentIntents.capture(intent.id)).status).to.equal('succeeded');
    expect(monotonicMs() - from).to.be.at.least(195);
    const rules = await (await fetch(`${sandbox.url}/_sandbox/faults`)).json();
    expect(rules).to.deep.equal([]);
  });

  it('late: a client that gives up finds the work done', async () => {
    await setFault(sandbox.url, { route: 'capture', kind: 'late', delayMs: 400, times: 1 });
    const intent = await stripe.paymentIntents.create(wanted);
    const gaveUp = await errorOf(stripe.paymentIntents.capture(intent.id, {}, { timeout: 100 }));
    expect(gaveUp.type).to.equal('StripeConnectionError');
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).to.equal('succeeded');
  });

  it('never: does the work and leaves the client waiting; the same key is told the truth', async () => {
    await setFault(sandbox.url, { route: 'create', kind: 'never', times: 1 });
    const idempotencyKey = randomUUID();
    const gaveUp = await errorOf(
      stripe.paymentIntents.create(wanted, { idempotencyKey, timeout: 150 }),
    );
    expect(gaveUp.type).to.equal('StripeConnectionError');
    const before = await readReport(sandbox.url);
    const intent = await stripe.paymentIntents.create(wanted, { idempotencyKey });
    expect(intent.status).to.equal('requires_capture');
    expect(await readReport(sandbox.url)).to.deep.equal(before);
  });

  it('twice: a request that arrives twice is done once', async () => {
    const intent = await stripe.paymentIntents.create(wanted);
    await setFault(sandbox.url, { route: 'capture', kind: 'twice', times: 1 });
    const again = await stripe.paymentIntents.capture(
      intent.id,
      {},
      { idempotencyKey: randomUUID() },
    );
    expect(again.status).to.equal('succeeded');
    expect(again.lastResponse.headers['idempotent-replayed']).to.equal('true');
    const line = (await readReport(sandbox.url)).find(({ id }) => id === intent.id);
    expect(line).to.include({ captures: 1, captured: 900 });
  });

  it('error_after_success: loses the answer, keeps the work, tells the same key the truth', async () => {
    await setFault(sandbox.url, { route: 'capture', kind: 'error_after_success', times: 1 });
    const intent = await stripe.paymentIntents.create(wanted);
    const idempotencyKey = randomUUID();
    const lost = await errorOf(stripe.paymentIntents.capture(intent.id, {}, { idempotencyKey }));
    expect(lost).to.include({ statusCode: 500, rawType: 'api_error' });
    expect(lost.headers?.['stripe-should-retry']).to.equal('true');
    const again = await stripe.paymentIntents.capture(intent.id, {}, { idempotencyKey });
    expect(again.status).to.equal('succeeded');
    expect(again.lastResponse.headers['idempotent-replayed']).to.equal('true');
    const line = (await readReport(sandbox.url)).find(({ id }) => id === intent.id);
    expect(line).to.include({ captures: 1, captured: 900 });
  });

  it('error_before: does nothing, saves nothing; the retry does the work', async () => {
    await setFault(sandbox.url, { route: 'create', kind: 'error_before', times: 1 });
    const before = (await readReport(sandbox.url)).length;
    const idempotencyKey = randomUUID();
    const failed = await errorOf(stripe.paymentIntents.create(wanted, { idempotencyKey }));
    expect(failed.statusCode).to.equal(500);
    expect(await readReport(sandbox.url)).to.have.lengthOf(before);
    const intent = await stripe.paymentIntents.create(wanted, { idempotencyKey });
    expect(intent.status).to.equal('requires_capture');
  });

  it('error_saved: keeps the 500 under the key, as Stripe does; a new key succeeds', async () => {
    await setFault(sandbox.url, { route: 'create', kind: 'error_saved', times: 1 });
    const idempotencyKey = randomUUID();
    for (let n = 0; n < 2; n += 1) {
      const failed = await errorOf(stripe.paymentIntents.create(wanted, { idempotencyKey }));
      expect(failed.statusCode).to.equal(500);
      expect(failed.headers?.['stripe-should-retry']).to.equal('false');
    }
    expect((await stripe.paymentIntents.create(wanted)).status).to.equal('requires_capture');
  });

  it('are asked for by the metadata of an intent, for one route or all', async () => {
    const lostCapture = { ...wanted, metadata: { sandbox: 'capture:error_after_success' } };
    const intent = await stripe.paymentIntents.create(lostCapture);
    expect((await errorOf(stripe.paymentIntents.capture(intent.id))).statusCode).to.equal(500);
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).to.equal('succeeded');

    const from = monotonicMs();
    await stripe.paymentIntents.create({ ...wanted, metadata: { sandbox: 'late:150' } });
    expect(monotonicMs() - from).to.be.at.least(145);
  });

  it('refuse a rule that makes no sense', async () => {
    for (const rule of ['{', '[]', '{"kind":"explode"}', '{"kind":"late","rate":2}']) {
      const init = { method: 'POST', body: rule };
      expect((await fetch(`${sandbox.url}/_sandbox/faults`, init)).status, rule).to.equal(400);
    }
  });
});
