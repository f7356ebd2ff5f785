import { expect } from 'chai';
import { type System, sharedSystem } from '../system.ts';

type Document = { paths: Record<string, Record<string, object>> };

const BEHIND = ['auth', 'catalog', 'booking'] as const;
const ANY_ID = '0198c9d4-0000-7000-8000-00000000dead';

describe('every address', () => {
  let system: System;
  before(async () => {
    system = await sharedSystem();
  });

  async function documentOf(service: (typeof BEHIND)[number] | 'gateway'): Promise<Document> {
    const response = await fetch(`${system.services.urls[service]}/openapi.json`);
    return (await response.json()) as Document;
  }

  for (const service of BEHIND) {
    it(`below /api that ${service} documents is reached through the gateway, at ${service}`, async () => {
      const { paths } = await documentOf(service);
      const below = Object.entries(paths).filter(([path]) => path.startsWith('/api/'));
      expect(below.length).to.be.greaterThan(5);
      const strayed: string[] = [];
      for (const [path, operations] of below) {
        const address = path.replace(/\{\w+\}/g, ANY_ID);
        // No address takes it, so who answers names the methods that he documents here.
        const response = await fetch(system.services.urls.gateway + address, {
          method: 'PROPFIND',
        });
        const allowed = response.headers.get('allow')?.toLowerCase().split(', ') ?? [];
        const isThere = Object.keys(operations).every((method) => allowed.includes(method));
        if (response.status !== 405 || !isThere) strayed.push(`${path}: ${response.status}`);
      }
      expect(strayed).to.deep.equal([]);
    });
  }
});
