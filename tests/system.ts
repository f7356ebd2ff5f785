import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditReport, audit } from '@holdfast/auditor/audit.ts';
import { type Api, createApi, expectSuccess } from '@holdfast/demo/api.ts';
import type { Terms } from '@holdfast/shared/contracts/terms.ts';
import { urlOf } from '@holdfast/shared/postgres/database.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { removeTree } from '@holdfast/stack/cache.ts';
import { readEnvironment } from '@holdfast/stack/config.ts';
import { keepSecrets } from '@holdfast/stack/secrets.ts';
import { type Services, startServices } from '@holdfast/stack/services.ts';
import { type Stack, startStack } from '@holdfast/stack/stack.ts';
import pg from 'pg';

/** The whole system on stores of its own, which a test may kill. */
export type System = {
  stack: Stack;
  services: Services;
  api: Api;
  /** Booking's database, as its owner. */
  bookingUrl: string;
  /** Connected to booking's database; reconnects after a crash of PostgreSQL. */
  booking: pg.Pool;
  adminToken: string;
  /** Key by which the payment provider knows us. */
  paymentKey: string;
  audit(): Promise<AuditReport>;
  stop(): Promise<void>;
};

let shared: Promise<System> | undefined;

/** The one system that all tests of this run share; each makes events and buyers of its own. */
export function sharedSystem(): Promise<System> {
  shared ??= startSystem();
  return shared;
}

after(async () => {
  await (await shared)?.stop();
});

const GIVEN = ['POSTGRES_URL', 'MONGODB_URL', 'KAFKA_BROKERS', 'REDIS_URL'];

/** Quick passwords and short holds, which are not what is tested here. */
const SERVICE_SETTINGS = {
  PASSWORD_MEMORY_KIB: '1024',
  PASSWORD_TIME_COST: '1',
  HOLD_MIN_SECONDS: '1',
  // Clocks of services can be set wrong while they run.
  NODE_OPTIONS: `--import ${import.meta.resolve('./step-clock.ts')}`,
  CLOCK_STEPS_MS: '0,600000,-600000',
};

/**
 * Starts stores and services in a new data folder, even when store URLs are given to this run:
 * those belong to other tests too and must not be killed.
 */
async function startSystem(): Promise<System> {
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-system-'));
  const env = Object.fromEntries(
    Object.entries(readEnvironment()).filter(([name]) => !GIVEN.includes(name)),
  );
  const stack = await startStack({ dataDir, env });
  const services = await startServices({
    stackEnv: stack.env,
    dataDir,
    env: SERVICE_SETTINGS,
  }).catch(async (error) => {
    await stack.stop();
    throw error;
  });
  const api = createApi(services.urls.gateway);
  const bookingUrl = urlOf(stack.env.POSTGRES_URL, 'booking');
  const booking = new pg.Pool({ connectionString: bookingUrl, max: 2 });
  booking.on('error', () => undefined);
  return {
    stack,
    services,
    api,
    bookingUrl,
    booking,
    adminToken: await logIn(api, services.admin),
    paymentKey: (await keepSecrets(dataDir)).paymentSecretKey,
    audit: () => audit({ env: { ...stack.env }, urls: services.urls, settleMs: 60_000 }),
    async stop() {
      await api.close();
      await booking.end();
      await services.stop();
      await stack.stop();
      await removeTree(dataDir);
    },
  };
}

async function logIn(api: Api, account: { email: string; password: string }): Promise<string> {
  const answer = await api.post<{ accessToken: string }>('/api/auth/login', account);
  return expectSuccess('The login', answer).accessToken;
}

let accounts = 0;

/** A new account's access token. */
export async function registerBuyer(api: Api): Promise<string> {
  accounts += 1;
  const answer = await api.post<{ accessToken: string }>('/api/auth/register', {
    email: `buyer-${accounts}-${process.pid}@example.org`,
    password: 'a seat in the third row',
    name: `Buyer ${accounts}`,
  });
  return expectSuccess('The registration', answer).accessToken;
}

/** A published event on sale with this many seats at one price. */
export async function createEvent(
  { api, adminToken: token }: System,
  seatCount: number,
  facts: { name?: string; priceMinor?: number; maxPerUser?: number; terms?: Terms } = {},
): Promise<string> {
  const { name = `Evening with ${seatCount} seats`, priceMinor = 4_500, maxPerUser = 50 } = facts;
  const venue = await api.post<{ venue: { venueId: string } }>(
    '/api/venues',
    {
      name: `House of ${seatCount}`,
      city: 'Wien',
      country: 'AT',
      timeZone: 'Europe/Vienna',
      plan: { seatCount },
    },
    { token },
  );
  const event = await api.post<{ event: { eventId: string } }>(
    '/api/events',
    {
      venueId: expectSuccess('The venue', venue).venue.venueId,
      name,
      category: 'music',
      startsAt: '2027-05-01T18:00:00.000Z',
      onSaleAt: '2026-01-01T09:00:00.000Z',
      currency: 'EUR',
      prices: [{ category: 'General', priceMinor }],
      status: 'published',
      maxPerUser,
      ...(facts.terms && { terms: facts.terms }),
    },
    { token },
  );
  return expectSuccess('The event', event).event.eventId;
}

/** Ids of the seats that can be held now, in the plan's order. */
export async function freeSeats(api: Api, eventId: string): Promise<string[]> {
  const answer = await api.get<{ seats: { seatId: string }[] }>(
    `/api/events/${eventId}/seats?status=available`,
  );
  return expectSuccess('The seats', answer).seats.map((seat) => seat.seatId);
}

/** Holds these seats and asks for their booking; answers its id. */
export async function placeBooking(
  { api }: Pick<System, 'api'>,
  of: { token: string; eventId: string; seatIds: readonly (string | undefined)[] },
): Promise<string> {
  const { token, eventId, seatIds } = of;
  const held = await api.post<{ hold: { offer: string } }>(
    `/api/events/${eventId}/holds`,
    { seatIds },
    { token },
  );
  const { offer } = expectSuccess('The hold', held).hold;
  const placed = await api.post<{ booking: { bookingId: string } }>(
    '/api/bookings',
    { offer, paymentMethod: 'pm_card_visa' },
    { token },
  );
  return expectSuccess('The booking', placed).booking.bookingId;
}

/** How many bookings stand between the request and the outcome. */
export async function countMiddleStates({ booking }: System): Promise<number> {
  const { rows } = await booking.query<{ count: number }>(
    `select count(*)::int as count from bookings
     where status in ('pending', 'authorized', 'capturing', 'voiding')`,
  );
  return rows[0]?.count ?? 0;
}

export async function waitForEveryOutcome(system: System): Promise<void> {
  await waitUntil('every booking to end', async () => (await countMiddleStates(system)) === 0, {
    limitMs: 90_000,
    everyMs: 200,
  });
}

/** Makes the payment provider misbehave; see the sandbox's README for the kinds. */
export async function setProviderFault({ services }: System, fault: object): Promise<void> {
  const response = await fetch(`${services.urls.payment}/_sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fault),
  });
  if (!response.ok) throw new Error(`The sandbox answered ${response.status} to a fault`);
}

export async function clearProviderFaults({ services }: System): Promise<void> {
  await fetch(`${services.urls.payment}/_sandbox/faults`, { method: 'DELETE' });
}
