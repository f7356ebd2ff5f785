import { monotonicMs } from '@holdfast/shared/clock.ts';
import type { OpenApi } from '@holdfast/shared/http/openapi.ts';
import { chooseUpstream, UPSTREAMS, type Upstream } from './routing.ts';

type Paths = OpenApi['paths'];

const LIMIT_MS = 2_000;
const KEPT_MS = 60_000;

/**
 * The OpenAPI document of all that is reached here: the gateway's own with the addresses that its
 * services write of themselves. A service that gives no document is left out, and named.
 */
export function createDocument(urls: Readonly<Record<Upstream, string>>) {
  const kept = new Map<Upstream, { readonly paths: Paths; readonly atMs: number }>();

  async function pathsOf(service: Upstream): Promise<Paths | undefined> {
    const known = kept.get(service);
    if (known && monotonicMs() - known.atMs < KEPT_MS) return known.paths;
    const paths = await askPaths(urls[service]);
    if (paths === undefined) return undefined;
    // What the gateway does not forward to the service is not to be had here.
    const reached = Object.entries(paths).filter(
      ([path]) => chooseUpstream(path.replaceAll(/[{}]/g, '')) === service,
    );
    const found = { paths: Object.fromEntries(reached), atMs: monotonicMs() };
    kept.set(service, found);
    return found.paths;
  }

  return async function describe(own: OpenApi): Promise<OpenApi> {
    const found = await Promise.all(UPSTREAMS.map(pathsOf));
    const away = UPSTREAMS.filter((_, at) => found[at] === undefined);
    const { description } = own.info;
    const remark = `Left out, as it gives no document now: ${away.join(', ')}. Ask again.`;
    return {
      ...own,
      info: {
        ...own.info,
        description: away.length > 0 ? `${description} ${remark}` : description,
      },
      paths: Object.assign({}, ...found, own.paths),
      'x-services-left-out': away,
    };
  };
}

async function askPaths(url: string): Promise<Paths | undefined> {
  try {
    const response = await fetch(new URL('/openapi.json', url), {
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const document: unknown = await response.json();
    return response.ok && hasPaths(document) ? document.paths : undefined;
  } catch {
    // It is away or answers something else; whoever asks is told so.
    return undefined;
  }
}

function hasPaths(document: unknown): document is { paths: Paths } {
  return (
    typeof document === 'object' &&
    document !== null &&
    'paths' in document &&
    typeof document.paths === 'object' &&
    document.paths !== null
  );
}
