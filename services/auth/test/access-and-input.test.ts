import { expect } from 'chai';
import { generateKeyPair, SignJWT } from 'jose';
import { type Answer, PASSWORD, type RunningAuth, startAuth } from './running-auth.ts';

const SOMEBODY = '0198c9d4-0000-7000-8000-0000000000aa';
const WITH_LOGIN: readonly (readonly [method: string, path: string, body?: object])[] = [
  ['POST', '/api/auth/logout'],
  ['GET', '/api/auth/me'],
  ['PATCH', '/api/auth/me', { name: 'Ida Holm' }],
];
const FOR_ADMINS: typeof WITH_LOGIN = [
  ['GET', '/api/admin/users?email=mara@example.org'],
  ['PATCH', `/api/admin/users/${SOMEBODY}`, { tier: 'vip', reason: 'Because' }],
  ['POST', '/api/admin/service-clients', { name: 'notifier' }],
];

describe("the auth service's routes", () => {
  let auth: RunningAuth;
  before(async () => {
    auth = await startAuth();
  });
  after(() => auth.stop());

  const everything = () =>
    auth.query(
      `select (select count(*) from users) as users, (select count(*) from sessions) as sessions,
        (select count(*) from audit_entries) as entries, (select sum(version) from users) as versions,
        (select count(*) from service_clients) as clients`,
    );

  async function expectNoChange(
    answers: () => Promise<Answer[]>,
    allowed: readonly (readonly [number, string])[],
  ): Promise<void> {
    const before = await everything();
    for (const [at, { status, headers, body }] of (await answers()).entries()) {
      expect(allowed, `answer ${at}`).to.deep.include([status, body.code]);
      expect(headers.get('content-type')).to.match(/^application\/problem\+json/);
      expect(body.requestId).to.equal(headers.get('x-request-id'));
    }
    expect(await everything()).to.deep.equal(before);
  }

  for (const [method, path, body] of [...WITH_LOGIN, ...FOR_ADMINS]) {
    it(`${method} ${path} requires a login`, async () => {
      const { privateKey } = await generateKeyPair('EdDSA');
      const forged = await new SignJWT({ roles: ['admin'], sid: SOMEBODY })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'mine' })
        .setIssuer('holdfast/auth')
        .setAudience('holdfast')
        .setSubject(SOMEBODY)
        .setExpirationTime('10m')
        .sign(privateKey);
      await expectNoChange(
        async () => [await auth.call(method, path, { body })],
        [[401, 'login_required']],
      );
      await expectNoChange(
        () =>
          Promise.all(
            [forged, 'no.token', 'x'].map((token) => auth.call(method, path, { body, token })),
          ),
        [[401, 'token_invalid']],
      );
    });
  }

  for (const [method, path, body] of FOR_ADMINS) {
    it(`${method} ${path} requires the role admin`, async () => {
      const { accessToken } = await auth.registerOne();
      await expectNoChange(
        async () => [await auth.call(method, path, { body, token: accessToken })],
        [[403, 'forbidden']],
      );
    });
  }

  it('refuse registrations that are not well formed, and change nothing', async () => {
    const good = { email: 'good@example.org', password: PASSWORD, name: 'Good' };
    const lone = String.fromCharCode(0xd800);
    const bad: object[] = [
      {},
      [],
      { ...good, roles: ['admin'] },
      { ...good, tier: 'vip' },
      { ...good, email: { $gt: '' } },
      { ...good, email: ['good@example.org'] },
      { ...good, email: 7 },
      { ...good, email: null },
      { ...good, password: { $ne: null } },
      { ...good, password: 1234567890 },
      { ...good, password: 'too short' },
      { ...good, password: 'x'.repeat(201) },
      { ...good, password: `a seat \u0000 in the row` },
      { ...good, password: `a seat ${lone} in the row` },
      { ...good, name: '   ' },
      { ...good, name: '' },
      { ...good, name: 'Good\r\nBcc: all@example.org' },
      { ...good, name: 'x'.repeat(121) },
      { ...good, name: lone },
      { ...good, phone: 'call me' },
      { ...good, phone: null },
      ...[
        'good',
        'good@',
        '@example.org',
        'good@example',
        'a b@example.org',
        'a@b@example.org',
        'good@example.org\u0000',
        'gööd@example.org',
        `${'x'.repeat(250)}@example.org`,
        'good@example.org\nbcc:x@example.org',
      ].map((email) => ({ ...good, email })),
    ];
    await expectNoChange(
      () => Promise.all(bad.map((body) => auth.post('/api/auth/register', body))),
      [[400, 'invalid_request']],
    );
    expect((await auth.post('/api/auth/register', good)).status).to.equal(201);
  });

  it('refuse bodies that can not be read', async () => {
    const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
    const unreadable = ['{', 'null', '"text"', '{"email":}', '7'];
    const huge = JSON.stringify({ email: 'x'.repeat(70_000), password: PASSWORD, name: 'Huge' });
    const proto = '{"__proto__":{"roles":["admin"]},"email":"p@example.org"}';
    await expectNoChange(
      async () => [
        ...(await Promise.all(
          [...unreadable, deep, huge, proto].map((body) => auth.post('/api/auth/register', body)),
        )),
        await auth.call('POST', '/api/auth/register', {
          body: 'email=x',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        }),
      ],
      [
        [400, 'malformed_body'],
        [400, 'invalid_request'],
        [413, 'body_too_large'],
        [415, 'media_type_unsupported'],
      ],
    );
  });

  it('refuse logins, refreshes and service tokens that are not well formed', async () => {
    const email = 'good@example.org';
    const bad: [string, object][] = [
      ['/api/auth/login', { email, password: { $ne: '' } }],
      ['/api/auth/login', { email: { $gt: '' }, password: PASSWORD }],
      ['/api/auth/login', { email, password: PASSWORD, remember: true }],
      ['/api/auth/login', { email, password: '' }],
      ['/api/auth/login', { email, password: 'x'.repeat(100_00) }],
      ['/api/auth/login', { email }],
      ['/api/auth/login', { email: 'a\u0000', password: PASSWORD }],
      ['/api/auth/refresh', { refreshToken: { $gt: '' } }],
      ['/api/auth/refresh', { refreshToken: '' }],
      ['/api/auth/refresh', { refreshToken: 'x\u0000' }],
      ['/api/auth/refresh', {}],
      ['/api/auth/service-token', { clientId: "' or true --", secret: 'x' }],
      ['/api/auth/service-token', { clientId: SOMEBODY, secret: ['x'] }],
      ['/api/auth/service-token', { clientId: SOMEBODY }],
    ];
    await expectNoChange(
      () => Promise.all(bad.map(([path, body]) => auth.post(path, body))),
      [[400, 'invalid_request']],
    );
  });

  it('refuse what an admin sends malformed', async () => {
    const token = await auth.adminToken();
    const change = { tier: 'vip', reason: 'A good reason' };
    const path = `/api/admin/users/${SOMEBODY}`;
    await expectNoChange(
      () =>
        Promise.all([
          auth.get('/api/admin/users', token),
          auth.get('/api/admin/users?email[$gt]=', token),
          auth.get('/api/admin/users?email=a@b.org&email=c@d.org', token),
          auth.get('/api/admin/users?email=a@b.org&sort=1', token),
          auth.get('/api/admin/users?email=a%00@b.org', token),
          auth.patch('/api/admin/users/1', change, token),
          auth.patch('/api/admin/users/%00', change, token),
          auth.patch('/api/admin/users/%zz', change, token),
          auth.patch(path, { ...change, reason: '' }, token),
          auth.patch(path, { ...change, reason: { $gt: '' } }, token),
          auth.patch(path, { ...change, password: PASSWORD }, token),
          auth.patch(path, { ...change, roles: 'admin' }, token),
          auth.post('/api/admin/service-clients', { name: '' }, token),
          auth.post('/api/admin/service-clients', { name: 'a', secret: 'mine' }, token),
        ]),
      [
        [400, 'invalid_request'],
        [400, 'malformed_body'],
      ],
    );
  });
});
