import { expect } from 'chai';
import type { GatewayService } from '../src/service.ts';
import { askRaw, sendRaw } from './raw-request.ts';
import { startGateway, startUpstream, type TestUpstream } from './upstream.ts';

describe('the addresses behind the gateway', () => {
  let auth: TestUpstream;
  let catalog: TestUpstream;
  let booking: TestUpstream;
  let gateway: GatewayService;

  before(async () => {
    [auth, catalog, booking] = await Promise.all([
      startUpstream('auth'),
      startUpstream('catalog'),
      startUpstream('booking'),
    ]);
    gateway = await startGateway(
      { auth: auth.url, catalog: catalog.url, booking: booking.url },
      1_000,
    );
  });

  afterEach(() => {
    for (const upstream of [auth, catalog, booking]) upstream.reset();
  });

  after(async () => {
    await gateway.stop();
    await Promise.all([auth, catalog, booking].map((upstream) => upstream.stop()));
  });

  it('refuses addresses that two servers could read differently, and asks no service', async () => {
    const targets = [
      '//api/auth/me',
      '/api/auth/../venues',
      '/api/auth/..%2f..%2flivez',
      '/api/auth/%2e%2e/%2e%2e/livez',
      '/api/venues/%5c..%5clivez',
      'http://elsewhere/api/auth/me',
    ];
    for (const target of targets) {
      const answer = await askRaw(gateway.url, target);
      expect(answer.status, target).to.equal(400);
      expect(answer.head, target).to.include('content-type: application/problem+json');
      expect(JSON.parse(answer.body), target).to.include({ code: 'invalid_request', status: 400 });
    }
    expect([...auth.asked, ...catalog.asked, ...booking.asked]).to.deep.equal([]);
  });

  it('reaches no operations of a service through /api', async () => {
    const paths = ['/api/livez', '/api/health', '/api/metrics', '/api', '/auth/livez', '/nowhere'];
    const answers = await Promise.all(paths.map((path) => fetch(gateway.url + path)));
    expect(answers.map(({ status }) => status)).to.deep.equal(paths.map(() => 404));
    expect([...auth.asked, ...catalog.asked, ...booking.asked]).to.deep.equal([]);
  });

  it('lets no body be read as a second request', async () => {
    const smuggled = 'GET /api/bookings/smuggled HTTP/1.1\r\nhost: x\r\n\r\n';
    const answer = await sendRaw(
      gateway.url,
      'DELETE /api/bookings/1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n' +
        `transfer-encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    );
    expect(answer).to.match(/^HTTP\/1.1 400 /);
    const unframed = await sendRaw(
      gateway.url,
      'DELETE /api/bookings/1 HTTP/1.1\r\nhost: x\r\nconnection: close, content-length\r\n' +
        `content-length: ${smuggled.length}\r\n\r\n${smuggled}`,
    );
    expect(unframed).to.match(/^HTTP\/1.1 200 /);
    const whole = await fetch(`${gateway.url}/api/bookings/2`, {
      method: 'DELETE',
      body: smuggled,
    });
    expect(whole.status).to.equal(200);
    expect(booking.asked.map(({ method, url }) => [method, url])).to.deep.equal([
      ['DELETE', '/api/bookings/1'],
      ['DELETE', '/api/bookings/2'],
    ]);
  });
});
