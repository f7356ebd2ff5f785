import type { Service } from '@holdfast/shared/lifecycle.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type Stripe from 'stripe';
import {
  connect,
  errorOf,
  makeDataDir,
  readReport,
  removeDataDir,
  SECRET_KEY,
  startSandbox,
} from './harness.ts';

describe('payments', () => {
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

  function authorize(params: Partial<Stripe.PaymentIntentCreateParams> = {}) {
    return stripe.paymentIntents.create({
      amount: 4_500,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      capture_method: 'manual',
      confirm: true,
      ...params,
    });
  }

  const reportOf = async (id: string) =>
    (await readReport(sandbox.url)).find((line) => line.id === id);

  it('authorizes without taking money, then captures all of it once', async () => {
    const intent = await authorize({ metadata: { booking_id: 'b-1' } });
    expect(intent).to.include({
      status: 'requires_capture',
      amount_capturable: 4_500,
      amount_received: 0,
    });
    expect(intent.metadata).to.deep.equal({ booking_id: 'b-1' });

    const captured = await stripe.paymentIntents.capture(intent.id);
    expect(captured).to.include({
      status: 'succeeded',
      amount_capturable: 0,
      amount_received: 4_500,
    });
    const again = await errorOf(stripe.paymentIntents.capture(intent.id));
    expect(again).to.include({ code: 'payment_intent_unexpected_state', statusCode: 400 });
    expect(again.payment_intent?.status).to.equal('succeeded');

    expect(await reportOf(intent.id)).to.deep.equal({
      id: intent.id,
      created: intent.created,
      status: 'succeeded',
      currency: 'eur',
      amount: 4_500,
      capturable: 0,
      captured: 4_500,
      refunded: 0,
      captures: 1,
      refunds: 0,
      metadata: { booking_id: 'b-1' },
    });
  });

  it('captures part and releases the rest, refuses more than was authorized', async () => {
    const intent = await authorize();
    const tooMuch = await errorOf(
      stripe.paymentIntents.capture(intent.id, { amount_to_capture: 4_501 }),
    );
    expect(tooMuch).to.include({ code: 'amount_too_large', param: 'amount_to_capture' });
    const captured = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 1_000 });
    expect(captured).to.include({ amount_capturable: 0, amount_received: 1_000 });
  });

  it('takes the money at once with automatic capture', async () => {
    const intent = await authorize({ capture_method: 'automatic' });
    expect(intent).to.include({ status: 'succeeded', amount_received: 4_500 });
    expect(await reportOf(intent.id)).to.include({ captures: 1, captured: 4_500 });
  });

  it('confirms later, only with a payment method', async () => {
    const intent = await stripe.paymentIntents.create({ amount: 50, currency: 'jpy' });
    expect(intent.status).to.equal('requires_payment_method');
    const without = await errorOf(stripe.paymentIntents.confirm(intent.id));
    expect(without.code).to.equal('payment_intent_unexpected_state');
    const paid = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' });
    expect(paid.status).to.equal('succeeded');

    const ready = await stripe.paymentIntents.create({
      amount: 50,
      currency: 'jpy',
      payment_method: 'pm_card_visa',
    });
    expect(ready.status).to.equal('requires_confirmation');
    expect((await stripe.paymentIntents.confirm(ready.id)).status).to.equal('succeeded');
  });

  it('takes no amount that Stripe would not take in the currency, and refunds none', async () => {
    const codeOf = async (amount: number, currency: string) =>
      (await errorOf(authorize({ amount, currency }))).code;
    expect(await codeOf(49, 'eur')).to.equal('amount_too_small');
    expect(await codeOf(5_125, 'kwd')).to.equal('parameter_invalid_integer');
    expect(await codeOf(550, 'isk')).to.equal('invalid_charge_amount_no_decimal_compatible');
    const taken = await authorize({ amount: 5_120, currency: 'kwd', capture_method: 'automatic' });
    const part = { payment_intent: taken.id, amount: 1_005 };
    expect((await errorOf(stripe.refunds.create(part))).param).to.equal('amount');
    const whole = await stripe.refunds.create({ ...part, amount: 1_010 });
    expect(whole.amount).to.equal(1_010);
  });

  it('cancels an authorization and releases it, refuses to cancel money taken', async () => {
    const intent = await authorize();
    const canceled = await stripe.paymentIntents.cancel(intent.id, {
      cancellation_reason: 'abandoned',
    });
    expect(canceled).to.include({
      status: 'canceled',
      amount_capturable: 0,
      cancellation_reason: 'abandoned',
    });
    expect((await errorOf(stripe.paymentIntents.capture(intent.id))).code).to.equal(
      'payment_intent_unexpected_state',
    );
    expect(await reportOf(intent.id)).to.include({ captured: 0, captures: 0, capturable: 0 });

    const taken = await authorize({ capture_method: 'automatic' });
    expect((await errorOf(stripe.paymentIntents.cancel(taken.id))).code).to.equal(
      'payment_intent_unexpected_state',
    );
  });

  const declines = [
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
  ] as const;
  for (const [card, code, declineCode] of declines) {
    it(`declines ${card}, and lets the same intent be paid by another card`, async () => {
      const error = await errorOf(authorize({ payment_method: card }));
      expect(error).to.include({
        rawType: 'card_error',
        statusCode: 402,
        code,
        decline_code: declineCode,
      });
      const intent = await stripe.paymentIntents.retrieve(error.payment_intent?.id ?? '');
      expect(intent.status).to.equal('requires_payment_method');
      expect(intent.last_payment_error?.code).to.equal(code);
      const paid = await stripe.paymentIntents.confirm(intent.id, {
        payment_method: 'pm_card_visa',
      });
      expect(paid.status).to.equal('requires_capture');
    });
  }

  it('knows the test cards by number too, and refuses other numbers', async () => {
    const withNumber = (number: string) =>
      authorize({
        payment_method_data: { type: 'card', card: { number } },
        payment_method: undefined,
      } as unknown as Stripe.PaymentIntentCreateParams);
    expect((await withNumber('4242 4242 4242 4242')).status).to.equal('requires_capture');
    expect((await errorOf(withNumber('4000000000000002'))).decline_code).to.equal(
      'generic_decline',
    );
    expect((await errorOf(withNumber('4000000000000119'))).code).to.equal('processing_error');
    expect((await errorOf(withNumber('4111111111111111'))).code).to.equal('incorrect_number');
  });

  it('keeps a bank debit in processing until it settles or fails by itself', async () => {
    const debit = (payment_method: string) =>
      authorize({ payment_method, capture_method: 'automatic' });
    const good = await debit('pm_usBankAccount_success');
    const bad = await debit('pm_usBankAccount_insufficientFunds');
    expect([good.status, bad.status]).to.deep.equal(['processing', 'processing']);
    const settled = async (id: string) => {
      const intent = await stripe.paymentIntents.retrieve(id);
      return intent.status === 'processing' ? undefined : intent;
    };
    const paid = await waitUntil('the debit to settle', () => settled(good.id));
    expect(paid).to.include({ status: 'succeeded', amount_received: 4_500 });
    const failed = await waitUntil('the debit to fail', () => settled(bad.id));
    expect(failed).to.include({ status: 'requires_payment_method', amount_received: 0 });
  });

  it('pays refunds of some cards later, and takes those of a closed card back, which may be made anew', async () => {
    const make = async (payment_method: string) => {
      const intent = await authorize({ payment_method, capture_method: 'automatic' });
      return stripe.refunds.create({ payment_intent: intent.id, amount: 500 });
    };
    const ends = (refund: Stripe.Refund, status: string) =>
      waitUntil(`a refund to be ${status}`, async () => {
        const found = await stripe.refunds.retrieve(refund.id);
        return found.status === status && found;
      });
    const slow = await make('pm_card_pendingRefund');
    expect(slow.status).to.equal('pending');
    await ends(slow, 'succeeded');
    const returned = await make('pm_card_refundFail');
    expect(returned.status).to.equal('succeeded');
    const failed = await ends(returned, 'failed');
    expect(failed.failure_reason).to.equal('expired_or_canceled_card');
    const intentId = String(returned.payment_intent);
    expect(await reportOf(intentId)).to.include({ captured: 4_500, refunded: 0, refunds: 1 });
    const told = await stripe.events.list({ type: 'refund.failed' });
    expect(told.data.map((event) => (event.data.object as Stripe.Refund).id)).to.deep.equal([
      returned.id,
    ]);
    const whole = await stripe.refunds.create({ payment_intent: intentId });
    expect(whole.amount).to.equal(4_500);
  });

  it('refunds in parts up to what was captured, never more', async () => {
    const intent = await authorize();
    expect(
      (await errorOf(stripe.refunds.create({ payment_intent: intent.id }))).statusCode,
    ).to.equal(400);
    await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 4_000 });

    const first = await stripe.refunds.create({
      payment_intent: intent.id,
      amount: 1_500,
      metadata: { reason_code: 'seat' },
    });
    expect(first).to.include({ status: 'succeeded', amount: 1_500, currency: 'eur' });
    expect(first.metadata).to.deep.equal({ reason_code: 'seat' });
    const tooMuch = await errorOf(
      stripe.refunds.create({ payment_intent: intent.id, amount: 2_501 }),
    );
    expect(tooMuch).to.include({ statusCode: 400, param: 'amount' });
    const rest = await stripe.refunds.create({ payment_intent: intent.id });
    expect(rest.amount).to.equal(2_500);
    const none = await errorOf(stripe.refunds.create({ payment_intent: intent.id }));
    expect(none.code).to.equal('charge_already_refunded');

    expect(await stripe.refunds.retrieve(first.id)).to.deep.include({
      id: first.id,
      amount: 1_500,
    });
    const listed = await stripe.refunds.list({ payment_intent: intent.id });
    expect(listed.data.map((refund) => refund.id)).to.deep.equal([rest.id, first.id]);
    expect(await reportOf(intent.id)).to.include({ captured: 4_000, refunded: 4_000, refunds: 2 });
  });

  it('lists intents newest first, page by page and by time', async () => {
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) made.unshift((await authorize()).id);
    const first = await stripe.paymentIntents.list({ limit: 2 });
    expect(first.data.map((intent) => intent.id)).to.deep.equal(made.slice(0, 2));
    expect(first.has_more).to.equal(true);
    const next = await stripe.paymentIntents.list({ limit: 3, starting_after: made[1]! });
    expect(next.data.map((intent) => intent.id)).to.deep.equal(made.slice(2));

    const all: string[] = [];
    for await (const intent of stripe.paymentIntents.list({ limit: 2, created: { gte: 1 } })) {
      all.push(intent.id);
    }
    expect(all).to.include.members(made);
    expect(all).to.have.lengthOf((await readReport(sandbox.url)).length);
    const future = await stripe.paymentIntents.list({ created: { gte: 99_999_999_999 } });
    expect(future.data).to.deep.equal([]);
  });

  it('shows the charge and each movement of money, for reconciliation', async () => {
    const intent = await authorize({ capture_method: 'automatic', expand: ['latest_charge'] });
    const charge = intent.latest_charge as Stripe.Charge;
    expect(charge).to.include({ captured: true, amount_captured: 4_500, amount_refunded: 0 });
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 500 });
    expect(await stripe.charges.retrieve(charge.id)).to.include({ amount_refunded: 500 });
    const movements = await stripe.balanceTransactions.list({ limit: 2 });
    expect(
      movements.data.map(({ type, amount, source }) => ({ type, amount, source })),
    ).to.deep.equal([
      { type: 'refund', amount: -500, source: refund.id },
      { type: 'charge', amount: 4_500, source: charge.id },
    ]);
  });

  it('requires the secret key on every call of the API', async () => {
    const error = await errorOf(
      connect(sandbox.url, { key: 'sk_test_wrong' }).paymentIntents.list(),
    );
    expect(error).to.include({ statusCode: 401, type: 'StripeAuthenticationError' });
    const bare = await fetch(`${sandbox.url}/v1/payment_intents`);
    expect(bare.status).to.equal(401);
    expect(bare.headers.get('request-id')).to.match(/^req_/);
    const basic = await fetch(`${sandbox.url}/v1/payment_intents`, {
      headers: { authorization: `Basic ${btoa('sk_test_for_tests:')}` },
    });
    expect(basic.status).to.equal(200);
  });

  const wrong: readonly [string, object, string | undefined, string][] = [
    ['no amount', { currency: 'eur' }, 'parameter_missing', 'amount'],
    ['an amount of nothing', { amount: 0, currency: 'eur' }, 'parameter_invalid_integer', 'amount'],
    ['half a cent', { amount: 1.5, currency: 'eur' }, 'parameter_invalid_integer', 'amount'],
    ['too large an amount', { amount: 100_000_000, currency: 'eur' }, 'amount_too_large', 'amount'],
    ['no such currency', { amount: 1, currency: 'xxq' }, undefined, 'currency'],
    ['an unknown name', { amount: 1, currency: 'eur', price: 1 }, 'parameter_unknown', 'price'],
    [
      'no such card',
      { amount: 1, currency: 'eur', payment_method: 'pm_none' },
      'resource_missing',
      'payment_method',
    ],
    [
      'a bank debit to be captured later',
      {
        amount: 1,
        currency: 'eur',
        payment_method: 'pm_usBankAccount_success',
        capture_method: 'manual',
        confirm: true,
      },
      undefined,
      'capture_method',
    ],
    ['an operator', { amount: { gte: 1 }, currency: 'eur' }, undefined, 'amount'],
  ];
  for (const [what, params, code, param] of wrong) {
    it(`refuses ${what}, and makes no intent`, async () => {
      const before = (await readReport(sandbox.url)).length;
      const error = await errorOf(
        stripe.paymentIntents.create(params as Stripe.PaymentIntentCreateParams),
      );
      expect(error).to.include({ statusCode: 400, rawType: 'invalid_request_error', param });
      expect(error.code).to.equal(code);
      expect(await readReport(sandbox.url)).to.have.lengthOf(before);
    });
  }

  it('refuses a body that is too large or not a form', async () => {
    const post = async (type: string, body: string) => {
      const headers = { authorization: `Bearer ${SECRET_KEY}`, 'content-type': type };
      const init = { method: 'POST', headers, body };
      return (await fetch(`${sandbox.url}/v1/payment_intents`, init)).status;
    };
    const form = 'application/x-www-form-urlencoded';
    expect(await post(form, `amount=1&currency=eur&description=${'x'.repeat(70_000)}`)).to.equal(
      413,
    );
    expect(await post('application/json', '{"amount":1,"currency":"eur"}')).to.equal(400);
  });

  it('answers 404 for what is not there', async () => {
    const unknown = await errorOf(stripe.paymentIntents.retrieve('pi_none'));
    expect(unknown).to.include({ statusCode: 404, code: 'resource_missing' });
    expect((await errorOf(stripe.paymentIntents.capture('pi_none'))).statusCode).to.equal(404);
    expect(
      (await errorOf(stripe.refunds.create({ payment_intent: 'pi_none' }))).statusCode,
    ).to.equal(404);
    expect((await errorOf(stripe.customers.list())).statusCode).to.equal(404);
  });

  it('says that it is alive and ready', async () => {
    for (const path of ['/livez', '/readyz', '/health', '/metrics']) {
      expect((await fetch(`${sandbox.url}${path}`)).status, path).to.equal(200);
    }
  });
});
