import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { chooseUpstream, ROUTING } from './routing.ts';

describe('routing', () => {
  it('gives each prefix and what lies below it to its service', () => {
    const chosen = ROUTING.flatMap(([prefix]) => [
      chooseUpstream(prefix),
      chooseUpstream(`${prefix}/`),
      chooseUpstream(`${prefix}/one/two?three=%2F..&four=//`),
    ]);
    expect(chosen).to.deep.equal(ROUTING.flatMap(([, upstream]) => Array(3).fill(upstream)));
  });

  it('is told in the README whole, with the service of each prefix', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const told = [...readme.matchAll(/^\| (`\/api\/.*) \| (auth|catalog|booking) \|$/gm)].flatMap(
      ([, prefixes = '', service]) => prefixes.split(', ').map((one) => [one, service]),
    );
    const routed = ROUTING.map(([prefix, service]) => [`\`${prefix}\``, service]);
    expect(told).to.have.deep.members(routed);
  });

  it('gives nothing else to any service, however alike', () => {
    const others = [
      '/',
      '/api',
      '/api/',
      '/api/livez',
      '/api/venuesque',
      '/api/searching',
      '/API/auth/me',
      '/api/admin',
      '/api/admin/usersandmore',
      '/livez',
      '/metrics',
      '/auth/livez',
      '/.well-known/jwks.json',
    ];
    expect(others.map(chooseUpstream)).to.deep.equal(others.map(() => undefined));
  });

  it('lets ids with percent-encoded characters pass, refuses every second way to write a path', () => {
    expect(chooseUpstream('/api/events/a%20b/seats/STALLS-C%3A14')).to.equal('catalog');
    const doubtful = [
      '//api/auth/me',
      '/api//auth/me',
      '/api/auth//me',
      '/api/auth/../venues',
      '/api/auth/..',
      '/api/auth/./me',
      '/api/auth/%2e%2e/venues',
      '/api/auth/.%2E/venues',
      '/api/auth%2fme',
      '/api/auth/..%2f..%2flivez',
      '/api/auth/%5c..%5clivez',
      '/api/auth\\..\\livez',
      '/api/auth/a%00b',
      '/api/auth/%zz',
      '/api/auth/%',
      '/api/auth/%ff',
      '/api/auth/me#/api/venues',
      '/api/auth/ä',
      'http://elsewhere/api/auth/me',
      'api/auth/me',
      '*',
      '',
    ];
    const answers = doubtful.map((target) => [target, chooseUpstream(target)]);
    for (const [target, answer] of answers) {
      expect(answer, String(target)).to.include({ kind: 'refused', code: 'invalid_request' });
    }
  });

  it('takes time in proportion to the length of the address', () => {
    const startedAt = performance.now();
    chooseUpstream(`/api/auth/${'%41'.repeat(5_000)}"`);
    chooseUpstream(`/${'a/'.repeat(8_000)}"`);
    expect(performance.now() - startedAt).to.be.below(200);
  });
});
