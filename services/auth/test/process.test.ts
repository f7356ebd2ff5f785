import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, connect as openSocket } from 'node:net';
import { describeError } from '@holdfast/shared/errors.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { DrizzleQueryError } from 'drizzle-orm';
import { ADMIN, createClient, ownNames, PASSWORD } from './running-auth.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;

describe('the auth service as a process', () => {
  const started: ChildProcess[] = [];

  /** Starts the service; its output is kept whole. */
  function start(environment: Record<string, string>) {
    const child = spawn(process.execPath, [MAIN], { env: { ...process.env, ...environment } });
    started.push(child);
    const exited = once(child, 'exit');
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        output += text;
      });
    }
    return {
      output: () => output,
      url: () =>
        waitUntil('service.started', () => output.match(/"url":"([^"]+)".*service\.started/)?.[1]),
      async stop() {
        child.kill('SIGTERM');
        return (await exited)[0] as number;
      },
      exited,
    };
  }

  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  it('logs no password and no token, whatever it does', async () => {
    const names = ownNames();
    const auth = start({ ...names.environment, LOG_LEVEL: 'trace' });
    try {
      const { get, post } = createClient(await auth.url());
      await waitUntil('readiness', async () => (await get('/readyz')).status === 200);
      const email = 'logged@example.org';
      const { body } = await post('/api/auth/register', { email, password: PASSWORD, name: 'L' });
      const login = await post('/api/auth/login', { email, password: PASSWORD });
      await post('/api/auth/login', { email, password: 'a wrong password' });
      const next = await post('/api/auth/refresh', { refreshToken: body.refreshToken });
      await post('/api/auth/refresh', { refreshToken: body.refreshToken });
      await post('/api/auth/register', `{"email":"${email}","password":"${PASSWORD}"`);
      await post('/api/auth/logout', undefined, login.body.accessToken);
      expect(await auth.stop()).to.equal(0);
      expect(auth.output()).to.include('http.answered').and.include('service.stopped');
      const secrets = [body, login.body, next.body].flatMap(({ accessToken, refreshToken }) => [
        accessToken,
        refreshToken,
      ]);
      for (const secret of [...secrets, PASSWORD, ADMIN.password, 'a wrong password']) {
        expect(auth.output().includes(secret)).to.equal(false);
      }
      expect(auth.output()).to.not.include('$argon2id$');
    } finally {
      await names.drop();
    }
  });

  it('describes a failed query without its parameters', () => {
    const error = new DrizzleQueryError(
      'insert into users',
      ['$argon2id$x', 'a@b.org'],
      new Error('gone'),
    );
    expect(describeError(error)).to.equal('Failed query: insert into users: gone');
  });

  it('lives and answers 503 while PostgreSQL is away, serves when it comes', async () => {
    const names = ownNames();
    const real = new URL(names.environment.POSTGRES_URL);
    const gate = createServer((socket) => {
      const onward = openSocket(Number(real.port), real.hostname);
      socket.pipe(onward).pipe(socket);
      socket.on('error', () => onward.destroy());
      onward.on('error', () => socket.destroy());
    });
    gate.listen(0, '127.0.0.1');
    await once(gate, 'listening');
    const { port } = gate.address() as AddressInfo;
    gate.close();
    const address = new URL(real);
    address.port = String(port);
    const auth = start({
      ...names.environment,
      LOG_LEVEL: 'info',
      POSTGRES_URL: address.href,
    });
    try {
      const { get, post } = createClient(await auth.url());
      expect((await get('/livez')).status).to.equal(200);
      expect((await get('/readyz')).status).to.equal(503);
      const refused = await post('/api/auth/login', ADMIN);
      expect([refused.status, refused.body.code]).to.deep.equal([503, 'starting']);
      expect(Number(refused.headers.get('retry-after'))).to.be.above(0);
      gate.listen(port, '127.0.0.1');
      await waitUntil('readiness', async () => (await get('/readyz')).status === 200);
      expect((await post('/api/auth/login', ADMIN)).status).to.equal(200);
      expect(await auth.stop()).to.equal(0);
    } finally {
      gate.close();
      await names.drop();
    }
  });

  it('ends when PostgreSQL refuses it for good, and says why', async () => {
    const { environment } = ownNames();
    const address = new URL(environment.POSTGRES_URL);
    address.username = 'nobody_of_this_name';
    const auth = start({ ...environment, LOG_LEVEL: 'info', POSTGRES_URL: address.href });
    const [code] = await auth.exited;
    expect(code).to.equal(1);
    expect(auth.output()).to.include('service.crashed').and.include('nobody_of_this_name');
  });

  it('says every fault of its configuration at once, and ends with status 2', async () => {
    const auth = start({
      POSTGRES_URL: 'here',
      KAFKA_BROKERS: '',
      ADMIN_EMAIL: 'a@b.org',
      ADMIN_PASSWORD: '',
    });
    const [code] = await auth.exited;
    expect(code).to.equal(2);
    expect(auth.output()).to.include('POSTGRES_URL').and.include('KAFKA_BROKERS');
    expect(auth.output()).to.include('ADMIN_PASSWORD');
  });
});
