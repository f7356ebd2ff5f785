import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { ADMIN, PASSWORD, type RunningAuth, startAuth } from './running-auth.ts';

describe('accounts', () => {
  let auth: RunningAuth;
  before(async () => {
    auth = await startAuth();
  });
  after(() => auth.stop());

  const auditOf = (userId: string) =>
    auth.query(
      `select seq, action, old_status, new_status, actor, reason, request_id, metadata
       from audit_entries where aggregate_type = 'user' and aggregate_id = $1 order by seq`,
      [userId],
    );

  it('are one a mail address: of many registrations at once one wins', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_one, at) =>
        auth.post('/api/auth/register', {
          email: at % 2 ? 'Rival@example.org' : 'rival@example.org ',
          password: PASSWORD,
          name: `Rival ${at}`,
        }),
      ),
    );
    const won = answers.filter(({ status }) => status === 201);
    const lost = answers.filter(({ status }) => status === 409);
    expect([won.length, lost.length]).to.deep.equal([1, 11]);
    expect(new Set(lost.map(({ body }) => body.code))).to.deep.equal(new Set(['email_taken']));
    const rows = await auth.query("select id, name from users where email = 'rival@example.org'");
    const { user } = won[0]?.body ?? {};
    expect(rows).to.deep.equal([{ id: user.userId, name: user.name }]);
    expect(await auditOf(user.userId)).to.have.length(1);
  });

  it('are registered once when the request is repeated with its key, with tokens each time', async () => {
    const body = {
      email: 'twice@example.org',
      password: PASSWORD,
      name: 'Twice',
      phone: '+43 1 234',
    };
    const send = (key: string, more: object = {}) =>
      auth.call('POST', '/api/auth/register', {
        body: { ...body, ...more },
        headers: { 'idempotency-key': key },
      });
    const parallel = await Promise.all([send('k-1'), send('k-1'), send('k-1')]);
    const later = await send('k-1');
    for (const answer of [...parallel, later]) {
      expect([answer.status, answer.body.user]).to.deep.equal([201, later.body.user]);
    }
    expect((await auth.get('/api/auth/me', later.body.accessToken)).status).to.equal(200);
    for (const changed of [
      { name: 'Other' },
      { email: 'other@example.org' },
      { password: 'another password' },
    ]) {
      const other = await send('k-1', changed);
      expect([other.status, other.body.code]).to.deep.equal([422, 'idempotency_key_reused']);
    }
    const otherKey = await send('k-2');
    expect([otherKey.status, otherKey.body.code]).to.deep.equal([409, 'email_taken']);
    const rows = await auth.query(
      "select 1 from users where email in ('twice@example.org', 'other@example.org')",
    );
    expect(rows).to.have.length(1);
  });

  it('are changed by their owner in name and phone, in nothing else', async () => {
    const { user, accessToken } = await auth.registerOne({ phone: '+43 1 23456' });
    const other = await auth.registerOne();
    const renamed = await auth.patch('/api/auth/me', { name: ' Ida Holm ' }, accessToken);
    expect([renamed.status, renamed.body]).to.deep.equal([
      200,
      { user: { ...user, name: 'Ida Holm' } },
    ]);
    const noPhone = await auth.patch('/api/auth/me', { phone: null }, accessToken);
    expect(noPhone.body.user).to.deep.equal({ ...user, name: 'Ida Holm', phone: null });
    for (const more of [{ roles: ['admin'] }, { tier: 'vip' }, { email: 'x@example.org' }, {}]) {
      const refused = await auth.patch('/api/auth/me', more, accessToken);
      expect([refused.status, refused.body.code]).to.deep.equal([400, 'invalid_request']);
    }
    expect((await auth.get('/api/auth/me', accessToken)).body.user).to.deep.equal(
      noPhone.body.user,
    );
    expect((await auth.get('/api/auth/me', other.accessToken)).body.user).to.deep.equal(other.user);
  });

  it('record one audit entry a change, none for a change to what they are', async () => {
    const { user, accessToken } = await auth.registerOne();
    const change = (name: string, id: string) =>
      auth.call('PATCH', '/api/auth/me', {
        token: accessToken,
        body: { name },
        headers: { 'x-request-id': id },
      });
    await change('Ida Holm', 'request-1');
    await change('Ida Holm', 'request-2');
    const actor = `user:${user.userId}`;
    const [registered, ...changes] = await auditOf(user.userId);
    expect(registered).to.deep.include({ seq: 1, action: 'user.registered', actor });
    expect(changes).to.deep.equal([
      {
        seq: 2,
        action: 'user.updated',
        old_status: 'active',
        new_status: 'active',
        actor,
        reason: null,
        request_id: 'request-1',
        metadata: { before: { name: user.name }, after: { name: 'Ida Holm' } },
      },
    ]);
    expect(
      await auth.query('select version from users where id = $1', [user.userId]),
    ).to.deep.equal([{ version: 2 }]);
  });

  it('get roles and tier from an admin with a reason, in their next token', async () => {
    const { user, accessToken, refreshToken } = await auth.registerOne();
    const token = await auth.adminToken();
    const admin = decodeJwt(token).sub;
    const change = { roles: ['organizer', 'user'], tier: 'premium', reason: 'Runs the opera' };
    const path = `/api/admin/users/${user.userId}`;
    const promoted = await auth.patch(path, change, token);
    const expected = { ...user, roles: ['user', 'organizer'], tier: 'premium' };
    expect([promoted.status, promoted.body.user]).to.deep.equal([200, expected]);
    expect(decodeJwt(accessToken).roles).to.deep.equal(['user']);
    const next = await auth.post('/api/auth/refresh', { refreshToken });
    expect(decodeJwt(next.body.accessToken).roles).to.deep.equal(['user', 'organizer']);
    expect((await auditOf(user.userId)).at(-1)).to.deep.include({
      seq: 2,
      action: 'user.updated',
      actor: `user:${admin}`,
      reason: 'Runs the opera',
      metadata: {
        before: { roles: ['user'], tier: 'regular', grantedTier: null },
        after: { roles: ['user', 'organizer'], tier: 'premium', grantedTier: 'premium' },
      },
    });
    for (const body of [
      { roles: ['user'] },
      { reason: 'No change at all' },
      { roles: [], reason: 'None' },
      { roles: ['service'], reason: 'Not for persons' },
      { roles: ['user', 'user'], reason: 'Twice' },
      { tier: 'gold', reason: 'No such tier' },
    ]) {
      const refused = await auth.patch(path, body, token);
      expect([refused.status, refused.body.code]).to.deep.equal([400, 'invalid_request']);
    }
    const found = await auth.get(`/api/admin/users?email=${user.email.toUpperCase()}`, token);
    expect(found.body).to.deep.equal({ users: [expected] });
    const nobody = await auth.get('/api/admin/users?email=nobody@example.org', token);
    expect(nobody.body).to.deep.equal({ users: [] });
    const missing = await auth.patch(`/api/admin/users/${crypto.randomUUID()}`, change, token);
    expect([missing.status, missing.body.code]).to.deep.equal([404, 'user_not_found']);
  });

  it('keep every parallel change, each in its place of the chain', async () => {
    const { user, accessToken } = await auth.registerOne();
    await Promise.all(
      Array.from({ length: 8 }, (_one, at) =>
        auth.patch('/api/auth/me', { name: `Name ${at}` }, accessToken),
      ),
    );
    const entries = await auditOf(user.userId);
    expect(entries.map(({ seq }) => seq)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const [at, entry] of entries.entries()) {
      const before = entries[at - 1]?.metadata.after.name ?? user.name;
      if (at > 0) expect(entry.metadata.before).to.deep.equal({ name: before });
    }
  });

  it('tell Kafka of each change, in order, without secrets', async () => {
    const { name, environment } = auth.names;
    const bus = createKafkaBus({
      brokers: environment.KAFKA_BROKERS,
      clientId: 'auth-test',
      topicPrefix: `${name}.`,
      log: createLogger('auth-test', 'silent'),
    });
    const seen: Message[] = [];
    bus.subscribe({
      group: 'auth-test',
      topics: ['auth.users'],
      onMessage: async (message) => void seen.push(message),
    });
    try {
      const { user, accessToken } = await auth.registerOne({ phone: '+43 1 23456' });
      await auth.patch('/api/auth/me', { name: 'Ida Holm' }, accessToken);
      const mine = () => seen.filter(({ key }) => key === user.userId);
      await waitUntil('both messages', () => mine().length >= 2);
      const { userId, email, tier, roles } = user;
      expect(mine().map(({ type, version, data }) => ({ type, version, data }))).to.deep.equal([
        {
          type: 'user.registered.v1',
          version: 1,
          data: { userId, email, name: user.name, tier, roles },
        },
        {
          type: 'user.updated.v1',
          version: 2,
          data: { userId, email, name: 'Ida Holm', tier, roles },
        },
      ]);
      expect(mine()[0]?.origin.actor).to.equal(`user:${userId}`);
      await auth.running.relay.drain();
      expect(await auth.query('select 1 from outbox')).to.deep.equal([]);
    } finally {
      await bus.close();
    }
  });

  it('begin with the admin of the configuration, once for all starts', async () => {
    const again = await startAuth({ ADMIN_PASSWORD: 'another password' }, auth.names);
    await again.stop({ drop: false });
    const { status, body } = await auth.post('/api/auth/login', ADMIN);
    expect([status, body.user.roles]).to.deep.equal([200, ['user', 'admin']]);
    expect((await auditOf(body.user.userId)).map(({ actor }) => actor)).to.deep.equal([
      'system:first-admin',
    ]);
  });

  it('have an unbroken audit chain, which the service itself can not alter', async () => {
    const broken = await auth.query(
      `select entry.aggregate_id from audit_entries entry
       left join audit_entries earlier on earlier.aggregate_type = entry.aggregate_type
         and earlier.aggregate_id = entry.aggregate_id and earlier.seq = entry.seq - 1
       where entry.hash <> audit_hash(entry)
         or entry.previous_hash <> coalesce(earlier.hash, '')
         or (earlier.hash is null) <> (entry.seq = 1)`,
    );
    const heads = await auth.query(
      `select users.id from users join audit_heads head
         on head.aggregate_type = 'user' and head.aggregate_id = users.id
       where head.seq = users.version`,
    );
    const users = await auth.query('select id from users');
    expect([broken.length, heads.length]).to.deep.equal([0, users.length]);
    const { pool } = auth.running.postgres;
    for (const statement of [
      "update audit_entries set actor = 'nobody'",
      'delete from audit_entries',
      'truncate audit_entries',
      'update audit_heads set seq = 0',
      'delete from users',
      'drop table users',
    ]) {
      const outcome = await pool.query(statement).catch((error) => error.code);
      expect(outcome, statement).to.equal('42501');
    }
  });
});
