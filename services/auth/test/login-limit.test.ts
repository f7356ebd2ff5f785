import { expect } from 'chai';
import { PASSWORD, type RunningAuth, startAuth } from './running-auth.ts';

describe('the limit of login attempts', () => {
  let auth: RunningAuth;
  before(async () => {
    auth = await startAuth();
  });
  after(() => auth.stop());

  const logIn = (email: string, password: string) =>
    auth.post('/api/auth/login', { email, password });
  const fail = async (email: string, times: number) => {
    const answers = await Promise.all(
      Array.from({ length: times }, () => logIn(email, 'not this one')),
    );
    return answers.map(({ status }) => status).sort();
  };

  it('closes an account after ten wrong passwords, leaves others open', async () => {
    const one = await auth.registerOne();
    const other = await auth.registerOne();
    expect(await fail(one.user.email, 10)).to.deep.equal(Array(10).fill(401));
    const closed = await logIn(one.user.email.toUpperCase(), PASSWORD);
    expect([closed.status, closed.body.code]).to.deep.equal([429, 'too_many_requests']);
    expect(Number(closed.headers.get('retry-after'))).to.be.within(800, 900);
    expect((await logIn(other.user.email, PASSWORD)).status).to.equal(200);
  });

  it('lets no more than ten of many parallel guesses be compared', async () => {
    const { user } = await auth.registerOne();
    const statuses = await fail(user.email, 40);
    expect(statuses).to.deep.equal([...Array(10).fill(401), ...Array(30).fill(429)]);
  });

  it('treats an unknown address alike, so that it does not tell who has an account', async () => {
    expect(await fail('nobody@example.org', 12)).to.deep.equal([
      ...Array(10).fill(401),
      ...Array(2).fill(429),
    ]);
  });

  it('starts anew after a right password', async () => {
    const { user } = await auth.registerOne();
    await fail(user.email, 9);
    expect((await logIn(user.email, PASSWORD)).status).to.equal(200);
    expect(await fail(user.email, 10)).to.deep.equal(Array(10).fill(401));
  });

  it('counts no right password, however many come at once', async () => {
    const { user } = await auth.registerOne();
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => logIn(user.email, PASSWORD)),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(40).fill(200));
  });

  it('opens again when the window is over, and forgets it', async () => {
    const { user } = await auth.registerOne();
    await fail(user.email, 11);
    await auth.query('update login_attempts set window_ends_at = clock_timestamp()');
    expect((await logIn(user.email, 'not this one')).status).to.equal(401);
    expect((await logIn(user.email, PASSWORD)).status).to.equal(200);
    await auth.running.housekeeping.drain();
    expect(await auth.query('select * from login_attempts')).to.deep.equal([]);
  });

  it('takes as long for an unknown address as for a wrong password', async () => {
    const slow = await startAuth({ PASSWORD_MEMORY_KIB: '19456', PASSWORD_TIME_COST: '2' });
    try {
      const { user } = await slow.registerOne();
      const times = { known: [] as number[], unknown: [] as number[] };
      for (let round = 0; round < 8; round += 1) {
        for (const [kind, email] of [
          ['known', user.email],
          ['unknown', 'nobody@example.org'],
        ] as const) {
          const startedAt = performance.now();
          await slow.post('/api/auth/login', { email, password: 'not this one' });
          times[kind].push(performance.now() - startedAt);
        }
      }
      const [known = 0, unknown = 0] = [times.known, times.unknown].map((one) => Math.min(...one));
      // Without the hash an unknown address would be answered more than ten times faster.
      expect(unknown / known).to.be.within(0.4, 2.5);
    } finally {
      await slow.stop();
    }
  });
});
