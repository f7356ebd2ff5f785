import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { ADMIN, ownNames, PASSWORD, type RunningAuth, startAuth } from './running-auth.ts';

describe('the auth service without Kafka', () => {
  const names = ownNames();
  let auth: RunningAuth;
  before(async () => {
    auth = await startAuth({ KAFKA_BROKERS: '127.0.0.1:9' }, names);
  });
  after(() => auth.stop());

  it('registers and logs in, keeps its messages and says that it is degraded', async () => {
    const { user } = await auth.registerOne();
    const login = await auth.post('/api/auth/login', { email: user.email, password: PASSWORD });
    expect(login.status).to.equal(200);
    const { body, status } = await auth.get('/health');
    expect([status, body.status]).to.deep.equal([200, 'degraded']);
    expect(body.dependencies.kafka.status).to.equal('down');
    expect((await auth.get('/readyz')).status).to.equal(200);
    const waiting = await auth.query("select message->>'type' as type from outbox order by id");
    expect(waiting).to.deep.equal([{ type: 'user.registered.v1' }, { type: 'user.registered.v1' }]);
  });

  it('publishes what waited once Kafka is there', async () => {
    await auth.stop({ drop: false });
    auth = await startAuth({}, names);
    await waitUntil(
      'an empty outbox',
      async () => (await auth.query('select 1 from outbox')).length === 0,
    );
    expect((await auth.get('/health')).body.status).to.equal('healthy');
    expect((await auth.post('/api/auth/login', ADMIN)).status).to.equal(200);
  });
});
