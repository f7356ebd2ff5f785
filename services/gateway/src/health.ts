import { monotonicMs } from '@holdfast/shared/clock.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import { type Dependencies, type Health, readHealth } from '@holdfast/shared/http/health.ts';
import type { Upstream } from './routing.ts';

/** Longer than the 2 s in which a service asks its own stores. */
const LIMIT_MS = 4_000;

type UpstreamHealth = {
  readonly status: Health['status'];
  readonly latencyMs: number;
  readonly error?: string;
  /** What the service says of itself and of each of its stores, if it answered. */
  readonly health?: Health;
};

/** The gateway's health: its own, that of every service behind it, and the worst of them. */
export async function askAll(options: {
  version: string;
  urls: Readonly<Record<Upstream, string>>;
  dependencies: Dependencies;
}) {
  const { version, urls, dependencies } = options;
  const [own, auth, catalog, booking] = await Promise.all([
    readHealth({ service: 'gateway', version, dependencies }),
    askHealth(urls.auth),
    askHealth(urls.catalog),
    askHealth(urls.booking),
  ]);
  const services: Record<Upstream, UpstreamHealth> = { auth, catalog, booking };
  const states = [own, ...Object.values(services)].map(({ status }) => status);
  return { ...own, status: worstOf(states), services };
}

/** The state of a service behind the gateway; one that does not answer is unavailable. */
async function askHealth(url: string): Promise<UpstreamHealth> {
  const startedAt = monotonicMs();
  const latencyMs = () => Math.round(monotonicMs() - startedAt);
  try {
    const response = await fetch(new URL('/health', url), {
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const health: unknown = await response.json();
    if (!isHealth(health)) throw new Error(`/health was answered ${response.status}`);
    return { status: health.status, latencyMs: latencyMs(), health };
  } catch (error) {
    return { status: 'unavailable', latencyMs: latencyMs(), error: describeError(error) };
  }
}

/** The worst of the states: without any one of the services some address does not answer. */
function worstOf(states: readonly Health['status'][]): Health['status'] {
  if (states.includes('unavailable')) return 'unavailable';
  return states.includes('degraded') ? 'degraded' : 'healthy';
}

function isHealth(value: unknown): value is Health {
  if (typeof value !== 'object' || value === null || !('status' in value)) return false;
  return ['healthy', 'degraded', 'unavailable'].includes(String(value.status));
}
