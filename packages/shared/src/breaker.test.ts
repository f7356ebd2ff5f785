import { expect } from 'chai';
import { BreakerOpen, createBreaker } from './breaker.ts';

const SETTINGS = { failuresToOpen: 5, pauseMs: 30_000, successesToClose: 2 };

describe('a circuit breaker', () => {
  let now: number;
  const make = () => createBreaker({ name: 'the provider', ...SETTINGS, now: () => now });
  type Breaker = ReturnType<typeof make>;

  beforeEach(() => {
    now = 1_000;
  });

  const succeed = (breaker: Breaker) => breaker.run(async () => 'done');
  const fail = (breaker: Breaker) =>
    breaker
      .run(() => Promise.reject(new Error('no answer')))
      .catch((error: Error) => error.message);
  const refuse = (breaker: Breaker) =>
    breaker.run(() => expect.fail('was called')).catch((error: unknown) => error);
  async function opened(): Promise<Breaker> {
    const breaker = make();
    for (let failures = 0; failures < 5; failures += 1) await fail(breaker);
    return breaker;
  }

  it('opens after five failures in a row, and then calls nothing', async () => {
    const breaker = make();
    for (let failures = 0; failures < 4; failures += 1) await fail(breaker);
    expect(await succeed(breaker)).to.equal('done');
    for (let failures = 0; failures < 4; failures += 1) await fail(breaker);
    expect(breaker.state()).to.deep.equal({ kind: 'closed', failures: 4 });
    expect(await fail(breaker)).to.equal('no answer');
    expect(breaker.state()).to.deep.equal({ kind: 'open', since: 1_000 });
    const error = await refuse(breaker);
    expect(error).to.be.instanceOf(BreakerOpen);
    expect(String(error)).to.include('the provider').and.to.include('30 s');
  });

  it('tries again after the pause with one call at a time, closes after two successes', async () => {
    const breaker = await opened();
    now += 29_999;
    expect(breaker.room()).to.equal(0);
    expect(await refuse(breaker)).to.be.instanceOf(BreakerOpen);
    now += 1;
    expect(breaker.room()).to.equal(1);
    const gate = Promise.withResolvers<string>();
    const trial = breaker.run(() => gate.promise);
    expect(breaker.state()).to.deep.equal({ kind: 'half_open', successes: 0, isTrying: true });
    expect(breaker.room()).to.equal(0);
    expect(await refuse(breaker)).to.be.instanceOf(BreakerOpen);
    gate.resolve('done');
    expect(await trial).to.equal('done');
    expect(breaker.state()).to.deep.equal({ kind: 'half_open', successes: 1, isTrying: false });
    await succeed(breaker);
    expect(breaker.state()).to.deep.equal({ kind: 'closed', failures: 0 });
    expect(breaker.room()).to.equal(Number.POSITIVE_INFINITY);
  });

  it('opens anew for a whole pause when the try fails, even the second one', async () => {
    const breaker = await opened();
    now += 30_000;
    await succeed(breaker);
    now += 5;
    await fail(breaker);
    expect(breaker.state()).to.deep.equal({ kind: 'open', since: 31_005 });
    now += 29_999;
    expect(breaker.room()).to.equal(0);
  });

  it('is not moved by the late end of a call from before it opened', async () => {
    const breaker = make();
    const gate = Promise.withResolvers<string>();
    const early = breaker.run(() => gate.promise);
    for (let failures = 0; failures < 5; failures += 1) await fail(breaker);
    gate.resolve('late');
    expect(await early).to.equal('late');
    expect(breaker.state().kind).to.equal('open');
  });

  it('counts only what says that nobody answers', async () => {
    const breaker = createBreaker({
      name: 'the provider',
      ...SETTINGS,
      isFailure: (error) => String(error).includes('no answer'),
    });
    for (let times = 0; times < 9; times += 1) {
      await breaker.run(() => Promise.reject(new Error('declined'))).catch(() => undefined);
    }
    expect(breaker.state()).to.deep.equal({ kind: 'closed', failures: 0 });
  });
});
