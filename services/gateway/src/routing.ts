import { type Refusal, refused } from '@holdfast/shared/errors.ts';

/** The services behind the gateway. */
export const UPSTREAMS = ['auth', 'catalog', 'booking'] as const;
export type Upstream = (typeof UPSTREAMS)[number];

/** Who answers an address: the service whose prefix it equals or lies below. */
export const ROUTING: readonly (readonly [prefix: string, upstream: Upstream])[] = [
  ['/api/auth', 'auth'],
  ['/api/admin/users', 'auth'],
  ['/api/admin/service-clients', 'auth'],
  ['/api/venues', 'catalog'],
  ['/api/events', 'catalog'],
  ['/api/holds', 'catalog'],
  ['/api/search', 'catalog'],
  ['/api/artists', 'catalog'],
  ['/api/series', 'catalog'],
  ['/api/bookings', 'booking'],
  ['/api/tickets', 'booking'],
  ['/api/check-in', 'booking'],
  ['/api/admin/ticket-keys', 'booking'],
  ['/api/transfers', 'booking'],
  ['/api/webhooks', 'booking'],
  ['/api/admin/refunds', 'booking'],
  ['/api/admin/reports', 'booking'],
  ['/api/admin/sweeps', 'booking'],
  ['/api/admin/reconciliations', 'booking'],
  ['/api/admin/bookings', 'booking'],
  ['/api/reports', 'booking'],
];

/** Addresses below a service's prefix that the gateway answers itself. */
const OWN = /^\/api\/events\/[^/]+\/live$/;

/** Segments of RFC 3986's pchar, none of them empty but the last. */
const PLAIN_PATH =
  /^\/(?:(?:[\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+\/)*(?:[\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*$/;

/**
 * The service that answers a request target, undefined when none does. Targets that two servers
 * could read differently (`//`, `..`, encoded slashes and the like) are refused rather than
 * normalised: whatever is forwarded is forwarded as it came.
 */
export function chooseUpstream(target: string): Upstream | Refusal | undefined {
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (!PLAIN_PATH.test(path) || target.includes('#') || !path.split('/').every(isPlainSegment)) {
    return refused(
      'invalid_request',
      'The address has empty, relative or encoded path segments: write it plainly.',
    );
  }
  if (OWN.test(path)) return undefined;
  return ROUTING.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1];
}

function isPlainSegment(segment: string): boolean {
  try {
    const decoded = decodeURIComponent(segment);
    return decoded !== '.' && decoded !== '..' && !/[/\\\0]/.test(decoded);
  } catch {
    return false;
  }
}
