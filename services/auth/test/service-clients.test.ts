import { createTokenVerifier } from '@holdfast/shared/tokens.ts';
import { expect } from 'chai';
import { type RunningAuth, startAuth } from './running-auth.ts';

describe('service clients', () => {
  let auth: RunningAuth;
  before(async () => {
    auth = await startAuth();
  });
  after(() => auth.stop());

  const ask = (clientId: string, secret: string) =>
    auth.post('/api/auth/service-token', { clientId, secret });

  it('get a token with the role service for their secret, for no other', async () => {
    const token = await auth.adminToken();
    const created = await auth.post('/api/admin/service-clients', { name: 'notifier' }, token);
    const { clientId, secret } = created.body;
    expect(created.status).to.equal(201);
    expect(created.headers.get('cache-control')).to.equal('no-store');
    expect(created.body).to.deep.equal({ clientId, name: 'notifier', secret });
    const granted = await ask(clientId, secret);
    expect([granted.status, granted.body.expiresIn]).to.deep.equal([200, 600]);
    const verify = createTokenVerifier(`${auth.service.url}/.well-known/jwks.json`);
    expect(await verify(granted.body.accessToken)).to.deep.equal({
      userId: clientId,
      roles: ['service'],
    });
    for (const [id, tried] of [
      [clientId, secret.replace(/^./, secret.startsWith('A') ? 'B' : 'A')],
      [clientId, 'x'],
      [crypto.randomUUID(), secret],
    ]) {
      const refused = await ask(id, tried);
      expect([refused.status, refused.body.code]).to.deep.equal([
        401,
        'service_credentials_invalid',
      ]);
    }
  });

  it('are audited, and their secret is kept only as a hash', async () => {
    const token = await auth.adminToken();
    const { body } = await auth.post('/api/admin/service-clients', { name: 'reader' }, token);
    const entries = await auth.query(
      "select seq, action, metadata from audit_entries where aggregate_type = 'service_client' and aggregate_id = $1",
      [body.clientId],
    );
    expect(entries).to.deep.equal([
      { seq: 1, action: 'service_client.created', metadata: { name: 'reader' } },
    ]);
    const [row] = await auth.query('select c::text as text from service_clients c where id = $1', [
      body.clientId,
    ]);
    expect(row?.text).to.not.include(body.secret);
  });

  it('are no persons: they have no profile and no session', async () => {
    const token = await auth.adminToken();
    const { body } = await auth.post('/api/admin/service-clients', { name: 'other' }, token);
    const { accessToken } = (await ask(body.clientId, body.secret)).body;
    const me = await auth.get('/api/auth/me', accessToken);
    expect([me.status, me.body.code]).to.deep.equal([404, 'user_not_found']);
    const changed = await auth.patch('/api/auth/me', { name: 'Person' }, accessToken);
    expect([changed.status, changed.body.code]).to.deep.equal([404, 'user_not_found']);
    expect((await auth.post('/api/auth/logout', undefined, accessToken)).status).to.equal(204);
    expect((await auth.get('/api/admin/users?email=a@b.org', accessToken)).status).to.equal(403);
  });
});
