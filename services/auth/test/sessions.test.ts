import { createTokenVerifier, TOKEN_AUDIENCE, TOKEN_ISSUER } from '@holdfast/shared/tokens.ts';
import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { PASSWORD, type RunningAuth, startAuth } from './running-auth.ts';

describe('sessions', () => {
  let auth: RunningAuth;
  before(async () => {
    auth = await startAuth();
  });
  after(() => auth.stop());

  const refresh = (refreshToken: string) => auth.post('/api/auth/refresh', { refreshToken });
  const auditOf = (type: string, id: unknown) =>
    auth.query<{ seq: number; action: string; actor: string; reason: string | null }>(
      'select seq, action, actor, reason from audit_entries where aggregate_type = $1 and aggregate_id = $2 order by seq',
      [type, id],
    );

  it('begin at the registration, with a token that verifies by the published keys', async () => {
    const answer = await auth.post('/api/auth/register', {
      email: ' Mara.Lindqvist@Example.ORG ',
      password: PASSWORD,
      name: ' Mara Lindqvist ',
      phone: '+46 70 123 45 67',
    });
    const { user, accessToken, expiresIn, refreshToken } = answer.body;
    expect(answer.status).to.equal(201);
    expect(answer.headers.get('cache-control')).to.equal('no-store');
    expect(Object.keys(answer.body)).to.have.members([
      'user',
      'accessToken',
      'expiresIn',
      'refreshToken',
    ]);
    expect(user).to.deep.equal({
      userId: user.userId,
      email: 'mara.lindqvist@example.org',
      name: 'Mara Lindqvist',
      phone: '+46 70 123 45 67',
      tier: 'regular',
      roles: ['user'],
      createdAt: user.createdAt,
    });
    expect(expiresIn).to.equal(600);
    expect(Buffer.from(refreshToken, 'base64url')).to.have.length(32);
    const claims = decodeJwt(accessToken);
    const { keys } = (await auth.get('/.well-known/jwks.json')).body;
    expect(decodeProtectedHeader(accessToken)).to.deep.equal({
      alg: 'EdDSA',
      kid: keys[0].kid,
      typ: 'JWT',
    });
    expect(claims).to.have.all.keys(
      'iss',
      'aud',
      'sub',
      'roles',
      'tier',
      'sid',
      'jti',
      'iat',
      'exp',
    );
    expect([claims.iss, claims.aud]).to.deep.equal([TOKEN_ISSUER, TOKEN_AUDIENCE]);
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).to.equal(600);
    const verify = createTokenVerifier(`${auth.service.url}/.well-known/jwks.json`);
    expect(await verify(accessToken)).to.deep.equal({
      userId: user.userId,
      roles: ['user'],
      sessionId: claims.sid,
    });
    const [head, payload, signature = ''] = accessToken.split('.');
    const forged = [head, payload, signature.replace(/^../, 'AA')].join('.');
    expect(await verify(forged)).to.include({ kind: 'refused', code: 'token_invalid' });
  });

  it('open for the right password in any spelling of the address, for no other password', async () => {
    const { user } = await auth.registerOne();
    const right = await auth.post('/api/auth/login', {
      email: ` ${user.email.toUpperCase()} `,
      password: PASSWORD,
    });
    expect([right.status, right.body.user]).to.deep.equal([200, user]);
    const wrong = await auth.post('/api/auth/login', { email: user.email, password: 'A seat' });
    const unknown = await auth.post('/api/auth/login', {
      email: 'nobody@example.org',
      password: PASSWORD,
    });
    for (const { status, body } of [wrong, unknown]) {
      expect([status, body.code]).to.deep.equal([401, 'credentials_invalid']);
    }
    expect(wrong.body.detail).to.equal(unknown.body.detail);
  });

  it('go on by refresh tokens that work once and bring the next', async () => {
    const first = await auth.registerOne();
    const second = await refresh(first.refreshToken);
    expect([second.status, second.body.user]).to.deep.equal([200, first.user]);
    expect(second.body.refreshToken).to.not.equal(first.refreshToken);
    expect(decodeJwt(second.body.accessToken).sid).to.equal(decodeJwt(first.accessToken).sid);
    const third = await refresh(second.body.refreshToken);
    expect(third.status).to.equal(200);
    expect((await auth.get('/api/auth/me', third.body.accessToken)).status).to.equal(200);
  });

  it('end with all their tokens when a used refresh token comes again; others go on', async () => {
    const first = await auth.registerOne();
    const other = (
      await auth.post('/api/auth/login', { email: first.user.email, password: PASSWORD })
    ).body;
    const second = (await refresh(first.refreshToken)).body;
    const reused = await refresh(first.refreshToken);
    expect([reused.status, reused.body.code]).to.deep.equal([401, 'refresh_token_invalid']);
    expect((await refresh(second.refreshToken)).status).to.equal(401);
    expect((await refresh(other.refreshToken)).status).to.equal(200);
    const actions = await auditOf('session', decodeJwt(first.accessToken).sid);
    expect(actions).to.deep.equal([
      {
        seq: 1,
        action: 'session.opened',
        actor: `user:${first.user.userId}`,
        reason: null,
      },
      { seq: 2, action: 'session.ended', actor: 'anyone', reason: 'refresh_token_reused' },
    ]);
  });

  it('give one of many parallel refreshes a token, and end since it came twice', async () => {
    const { refreshToken } = await auth.registerOne();
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)));
    const granted = answers.filter(({ status }) => status === 200);
    expect(granted).to.have.length(1);
    expect(answers.filter(({ status }) => status === 401)).to.have.length(9);
    expect((await refresh(granted[0]?.body.refreshToken)).status).to.equal(401);
  });

  it('end by logout, once; the other sessions of the account go on', async () => {
    const first = await auth.registerOne();
    const login = { email: first.user.email, password: PASSWORD };
    const other = (await auth.post('/api/auth/login', login)).body;
    const out = await auth.post('/api/auth/logout', undefined, first.accessToken);
    const again = await auth.post('/api/auth/logout', undefined, first.accessToken);
    expect([out.status, again.status]).to.deep.equal([204, 204]);
    const refused = await refresh(first.refreshToken);
    expect([refused.status, refused.body.code]).to.deep.equal([401, 'refresh_token_invalid']);
    expect((await refresh(other.refreshToken)).status).to.equal(200);
    const entries = await auditOf('session', decodeJwt(first.accessToken).sid);
    expect(entries.map(({ action, reason }) => [action, reason])).to.deep.equal([
      ['session.opened', null],
      ['session.ended', 'logged_out'],
    ]);
  });

  it('end when their days are over, and are cleaned away', async () => {
    const { refreshToken, accessToken } = await auth.registerOne();
    const { sid } = decodeJwt(accessToken);
    await auth.query('update sessions set expires_at = clock_timestamp() where id = $1', [sid]);
    expect((await refresh(refreshToken)).status).to.equal(401);
    await auth.running.housekeeping.drain();
    expect(await auth.query('select id from sessions where id = $1', [sid])).to.deep.equal([]);
    expect((await refresh(refreshToken)).status).to.equal(401);
  });

  it('do not begin with a token that was never issued', async () => {
    for (const token of ['x', 'A'.repeat(43), '%00', "' or 1=1 --"]) {
      const { status, body } = await refresh(token);
      expect([status, body.code]).to.deep.equal([401, 'refresh_token_invalid']);
    }
  });

  it('keep refresh tokens and passwords out of the database', async () => {
    const { refreshToken, accessToken } = await auth.registerOne();
    const tables = await auth.query<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'public'",
    );
    for (const { name } of tables) {
      const [found] = await auth.query<{ text: string | null }>(
        `select string_agg(t::text, ' ') as text from ${name} t`,
      );
      for (const secret of [refreshToken, accessToken, PASSWORD]) {
        expect(found?.text?.includes(secret) ?? false, name).to.equal(false);
      }
    }
  });
});
