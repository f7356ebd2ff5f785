import type { OpenApi } from '@holdfast/shared/http/openapi.ts';
import { expect } from 'chai';
import type { GatewayService } from '../src/service.ts';
import { spawnAuth } from './spawned-auth.ts';
import { startGateway, startUpstream, type TestUpstream } from './upstream.ts';

type Health = {
  status: string;
  service: string;
  dependencies: object;
  services: Record<string, { status: string; error?: string; health?: { dependencies: object } }>;
};

describe('the gateway in front of the real auth service', () => {
  let auth: Awaited<ReturnType<typeof spawnAuth>>;
  let catalog: TestUpstream;
  let booking: TestUpstream;
  let gateway: GatewayService;

  before(async () => {
    [auth, catalog, booking] = await Promise.all([
      spawnAuth(),
      startUpstream('catalog'),
      startUpstream('booking'),
    ]);
    gateway = await startGateway(
      { auth: auth.url, catalog: catalog.url, booking: booking.url },
      5_000,
    );
  });

  afterEach(() => {
    catalog.reset();
    booking.reset();
  });

  after(async () => {
    await gateway.stop();
    await Promise.all([auth, catalog, booking].map((service) => service.stop()));
  });

  it('registers and knows a buyer, refuses who has no login', async () => {
    const registered = await fetch(`${gateway.url}/api/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        email: 'ines.moreau@example.org',
        password: 'a seat in the third row',
        name: 'Inès Moreau',
      }),
    });
    expect(registered.status).to.equal(201);
    const { user, accessToken } = (await registered.json()) as {
      user: object;
      accessToken: string;
    };
    const me = await fetch(`${gateway.url}/api/auth/me`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(await me.json()).to.deep.include({ user });
    const nobody = await fetch(`${gateway.url}/api/auth/me`);
    expect(nobody.status).to.equal(401);
    expect(nobody.headers.get('www-authenticate')).to.equal('Bearer');
    expect(await nobody.json()).to.include({ code: 'login_required' });
  });

  it('shows every service with its own dependencies', async () => {
    const { status, body } = await readHealth();
    expect([status, body.status, body.service]).to.deep.equal([200, 'healthy', 'gateway']);
    expect(Object.keys(body.services)).to.deep.equal(['auth', 'catalog', 'booking']);
    expect(body.services.auth?.health?.dependencies).to.have.all.keys('postgres', 'kafka');
    expect(body.services.catalog?.health?.dependencies).to.have.all.keys('store');
    expect(body.dependencies).to.have.all.keys('redis', 'kafka');
    expect((await fetch(`${gateway.url}/readyz`)).status).to.equal(200);
  });

  it('is degraded but ready when a service is', async () => {
    catalog.reportStatus('degraded');
    const { status, body } = await readHealth();
    expect([status, body.status]).to.deep.equal([200, 'degraded']);
    expect(body.services.auth?.status).to.equal('healthy');
    expect((await fetch(`${gateway.url}/readyz`)).status).to.equal(200);
  });

  it('is unavailable and not ready when a service is, or does not answer; it lives on', async () => {
    booking.reportStatus('unavailable');
    const told = await readHealth();
    expect([told.status, told.body.status]).to.deep.equal([503, 'unavailable']);
    await booking.stop();
    const silent = await readHealth();
    expect([silent.status, silent.body.status]).to.deep.equal([503, 'unavailable']);
    expect(silent.body.services.booking)
      .to.include({ status: 'unavailable' })
      .and.have.any.keys('error');
    expect(silent.body.services.auth?.status).to.equal('healthy');
    expect((await fetch(`${gateway.url}/readyz`)).status).to.equal(503);
    expect((await fetch(`${gateway.url}/livez`)).status).to.equal(200);
    booking = await startUpstream('booking', Number(new URL(booking.url).port));
    expect((await readHealth()).status).to.equal(200);
  });

  it('describes what is reached through it: what services write of themselves, asked once a while', async () => {
    const search = { get: { operationId: 'searchEvents' } };
    catalog.answerWith((_request, response) =>
      response.end(
        JSON.stringify({ paths: { '/api/search': search, '/metrics': {}, '/api/auth/me': {} } }),
      ),
    );
    const first = await readDocument();
    expect(first.paths['/api/search']).to.deep.equal(search);
    expect(first.paths).to.include.keys('/api/auth/register', '/api/events/{eventId}/live');
    for (const path of ['/metrics', '/api/auth/me']) {
      expect(first.paths[path], path).to.have.nested.property('get.operationId');
    }
    expect(first['x-services-left-out']).to.deep.equal(['booking']);
    expect(first.info.description).to.include('Left out, as it gives no document now: booking.');
    const tickets = { get: { operationId: 'listTickets' } };
    booking.answerWith((_request, response) =>
      response.end(JSON.stringify({ paths: { '/api/tickets': tickets } })),
    );
    const second = await readDocument();
    expect(second.paths).to.deep.include({ '/api/search': search, '/api/tickets': tickets });
    expect(second['x-services-left-out']).to.deep.equal([]);
    expect(second.info.description).not.to.include('Left out');
    expect(catalog.asked.map(({ url }) => url)).to.deep.equal(['/openapi.json']);
    expect(booking.asked).to.have.length(2);
  });

  it('says at / what is there, and 404 to what is not', async () => {
    const index = await fetch(gateway.url);
    expect(index.status).to.equal(200);
    expect(await index.json()).to.have.all.keys('name', 'version', 'api', 'operations');
    const nothing = await fetch(`${gateway.url}/api/nothing`);
    expect(nothing.status).to.equal(404);
    expect(await nothing.json()).to.include({ code: 'not_found' });
  });

  async function readDocument(): Promise<OpenApi> {
    return (await (await fetch(`${gateway.url}/openapi.json`)).json()) as OpenApi;
  }

  async function readHealth(): Promise<{ status: number; body: Health }> {
    const response = await fetch(`${gateway.url}/health`);
    return { status: response.status, body: (await response.json()) as Health };
  }
});
