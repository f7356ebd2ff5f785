import type { Service } from '@holdfast/shared/lifecycle.ts';
import { expect } from 'chai';
import Stripe from 'stripe';
import { connect, makeDataDir, removeDataDir, startSandbox } from './harness.ts';

describe("the account's balance", () => {
  let dataDir: string;
  let sandbox: Service & { url: string };
  let stripe: Stripe;

  before(async () => {
    dataDir = await makeDataDir();
    sandbox = await startSandbox(dataDir);
    stripe = connect(sandbox.url);
  });
  after(async () => {
    await sandbox?.stop();
    await removeDataDir(dataDir);
  });

  const pay = (amount: number) =>
    stripe.paymentIntents.create({
      amount,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
  const setBalance = (availableMinor: unknown) =>
    fetch(`${sandbox.url}/_sandbox/balance`, {
      method: 'PUT',
      body: JSON.stringify({ availableMinor }),
    });

  it('refuses a refund that it does not cover, and pays it once money has come in', async () => {
    const { id: payment_intent } = await pay(900);
    expect((await setBalance(500)).status).to.equal(204);
    const refused = await stripe.refunds.create({ payment_intent }).catch((error) => error);
    expect(refused).to.be.instanceOf(Stripe.errors.StripeInvalidRequestError);
    expect(refused).to.include({ statusCode: 400, code: 'balance_insufficient' });
    expect((await stripe.refunds.list({ payment_intent })).data).to.deep.equal([]);
    await stripe.refunds.create({ payment_intent, amount: 500 });
    await pay(400);
    expect((await stripe.refunds.create({ payment_intent })).amount).to.equal(400);
    expect((await setBalance('much')).status).to.equal(400);
    await setBalance(null);
    expect(
      (await stripe.refunds.create({ payment_intent: (await pay(9_000)).id })).status,
    ).to.equal('succeeded');
  });

  it('lists the movements of a charge or a refund, with what they come from', async () => {
    const intent = await pay(700);
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 200 });
    const charge = String(intent.latest_charge);
    const ofCharge = await stripe.balanceTransactions.list({ source: charge });
    expect(ofCharge.data.map(({ type, amount }) => [type, amount])).to.deep.equal([
      ['charge', 700],
    ]);
    const expanded = await stripe.balanceTransactions.list({
      source: refund.id,
      expand: ['data.source'],
    });
    expect(expanded.data.map(({ type, amount }) => [type, amount])).to.deep.equal([
      ['refund', -200],
    ]);
    expect(expanded.data[0]?.source).to.include({ id: refund.id, payment_intent: intent.id });
  });
});
