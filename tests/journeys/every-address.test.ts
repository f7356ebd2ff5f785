import { expect } from 'chai';
import { type System, sharedSystem } from '../system.ts';

type Content = Record<string, { schema?: object; example?: unknown }>;
type Operation = {
  operationId: string;
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content }>;
};
type Document = { paths: Record<string, Record<string, Operation>> };

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

  for (const service of BEHIND) {
    it(`below /api of ${service} documents its success and shows an example of its body`, async () => {
      const { paths } = await documentOf(service);
      const missing = Object.entries(paths)
        .filter(([path]) => path.startsWith('/api/'))
        .flatMap(([path, operations]) =>
          Object.entries(operations).flatMap(([method, { requestBody, responses }]) => [
            ...(tellsSuccess(responses) ? [] : [`${method} ${path}: success`]),
            ...(lacksExample(requestBody?.content) ? [`${method} ${path}: body`] : []),
          ]),
        );
      expect(missing).to.deep.equal([]);
    });
  }

  it('is in the one document of the gateway, each operation under an id of its own', async () => {
    const { paths } = await documentOf('gateway');
    const others = await Promise.all(BEHIND.map(documentOf));
    const below = others
      .flatMap((one) => Object.keys(one.paths))
      .filter((path) => path.startsWith('/api/'));
    expect(Object.keys(paths)).to.include.members(below);
    const ids = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).to.deep.equal([]);
  });
});

/** Some success has a form or an example, or there is none but without content. */
function tellsSuccess(responses: Operation['responses']): boolean {
  const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  return successes.some(([status, { content }]) => status === '204' || content !== undefined);
}

function lacksExample(content: Content = {}): boolean {
  return Object.values(content).some(({ example }) => example === undefined);
}
