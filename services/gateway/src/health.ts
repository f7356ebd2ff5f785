import { monotonicMs } from '@holdfast/shared/clock.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import type { Health } from '@holdfast/shared/http/health.ts';
import type { Upstream } from './routing.ts';

/** Longer than the 2 s in which a service asks its own stores. */
const LIMIT_MS = 4_000;

export type UpstreamHealth = {
  readonly status: Health['status'];
  readonly latencyMs: number;
  readonly error?: string;
  /** What the service says of itself and of each of its stores, if it answered. */
  readonly health?: Health;
};

/** The state of a service behind the gateway; one that does not answer is unavailable. */
export async function askHealth(url: string): Promise<UpstreamHealth> {
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

/** The worst of the services' states: without any one of them some address does not answer. */
export function worstOf(services: Readonly<Record<Upstream, UpstreamHealth>>): Health['status'] {
  const states = new Set(Object.values(services).map((service) => service.status));
  if (states.has('unavailable')) return 'unavailable';
  return states.has('degraded') ? 'degraded' : 'healthy';
}

function isHealth(value: unknown): value is Health {
  if (typeof value !== 'object' || value === null || !('status' in value)) return false;
  return ['healthy', 'degraded', 'unavailable'].includes(String(value.status));
}
