import Stripe from 'stripe';

const TIMEOUT_MS = 10_000;

/** Stripe's SDK, spoken to Stripe itself or to the sandbox. It never tries again by itself. */
export function openStripe(settings: { url: string; secretKey: string }): Stripe {
  const { hostname, port, protocol } = new URL(settings.url);
  return new Stripe(settings.secretKey, {
    host: hostname,
    ...(port !== '' && { port }),
    protocol: protocol === 'https:' ? 'https' : 'http',
    maxNetworkRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: false,
  });
}
