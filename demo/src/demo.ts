import { type AuditReport, audit } from '@holdfast/auditor/audit.ts';
import type { Progress } from '@holdfast/stack/progress.ts';
import { type Api, createApi, expectSuccess } from './api.ts';
import { buy, createSale, type Habit, type Sale } from './buyer.ts';
import { type LoadedEvent, loadCatalog } from './catalog.ts';
import { renderResult, type SaleResult } from './table.ts';

export type DemoOptions = {
  urls: { gateway: string; auth: string; catalog: string; booking: string; payment: string };
  env: Record<string, string>;
  admin: { email: string; password: string };
  progress: Progress;
  buyers?: number;
  seed?: number;
};

const BUYERS = 500;
const REGISTERING_AT_ONCE = 8;
const PASSWORD = 'a seat in the third row';

/**
 * The main job: loads the catalog, opens the sale of its hot event and lets buyers compete for
 * it over HTTP. Every figure on seats and money is read from the stores by the auditor.
 * `ok` is false when an invariant fails or a buyer met an answer that must not be.
 */
export async function runDemo(options: DemoOptions): Promise<{ ok: boolean; text: string }> {
  const {
    progress,
    buyers = BUYERS,
    seed = Number(process.hrtime.bigint() % 1_000_000n),
  } = options;
  const api = createApi(options.urls.gateway);
  try {
    const { token } = await logIn(api, options.admin);
    const catalog = await loadCatalog(api, token, progress);
    const { tokens, login } = await registerBuyers(api, buyers, progress);
    const sale = createSale(api, catalog.hot.eventId, seed);
    await openSale(api, token, catalog.hot);
    const { sellMs, faults } = await runSale(sale, tokens, catalog.hot, progress);
    const report = await checkStores(options, progress);
    const result: SaleResult = { catalog, buyers, seed, sellMs, faults, sale, report, login };
    return { ok: report.ok && faults.length === 0, text: await renderResult(result, api, token) };
  } finally {
    await api.close();
  }
}

async function logIn(
  api: Api,
  account: { email: string; password: string },
): Promise<{ token: string }> {
  const answer = await api.post<{ accessToken: string }>('/api/auth/login', account);
  return { token: expectSuccess('The login', answer).accessToken };
}

type Buyers = { tokens: string[]; login: { email: string; password: string } };

/** Real accounts, made some at a time: hashing passwords is meant to be slow. */
async function registerBuyers(api: Api, count: number, progress: Progress): Promise<Buyers> {
  const step = progress.step('Registering buyers');
  const run = Date.now().toString(36);
  const emailOf = (number: number) => `buyer-${number}-${run}@example.org`;
  const tokens: string[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: REGISTERING_AT_ONCE }, async () => {
      while (next < count) {
        const number = next;
        next += 1;
        const answer = await api.post<{ accessToken: string }>('/api/auth/register', {
          email: emailOf(number),
          password: PASSWORD,
          name: `Buyer ${number}`,
        });
        tokens.push(expectSuccess('A registration', answer).accessToken);
        step.update(`${tokens.length} of ${count}`);
      }
    }),
  );
  step.done(`${count} accounts registered`);
  return { tokens, login: { email: emailOf(0), password: PASSWORD } };
}

async function openSale(api: Api, token: string, event: LoadedEvent): Promise<void> {
  const onSaleAt = new Date().toISOString();
  expectSuccess(
    'Opening the sale',
    await api.patch(`/api/events/${event.eventId}`, { onSaleAt }, { token }),
  );
}

/** Lets all buyers go at once; ends when each has an outcome. */
async function runSale(
  sale: Sale,
  tokens: readonly string[],
  event: LoadedEvent,
  progress: Progress,
) {
  const step = progress.step('Selling');
  const startedAt = performance.now();
  const faults: string[] = [];
  let done = 0;
  await Promise.all(
    tokens.map(async (token, number) => {
      try {
        await buy(sale, token, habitOf(number));
      } catch (error) {
        faults.push((error as Error).message);
      }
      done += 1;
      step.update(
        `${done} of ${tokens.length} buyers served, ${sale.confirmed.length} bookings confirmed`,
      );
    }),
  );
  const sellMs = performance.now() - startedAt;
  step.done(
    `${event.name}: every buyer has an outcome, ${sale.confirmed.length} bookings confirmed`,
  );
  return { sellMs, faults };
}

/** Of twenty buyers one repeats requests, two have a declined card, one releases, one abandons. */
function habitOf(number: number): Habit {
  const habits: Partial<Record<number, Habit>> = {
    3: 'repeats',
    7: 'declined',
    11: 'releases',
    13: 'declined',
    17: 'abandons',
  };
  return habits[number % 20] ?? 'buys';
}

async function checkStores(options: DemoOptions, progress: Progress): Promise<AuditReport> {
  const step = progress.step('Auditing the stores');
  const report = await audit({ env: options.env, urls: options.urls, settleMs: 90_000 });
  if (report.ok) step.done('The auditor found nothing wrong');
  else step.fail(`The auditor has ${report.findings.length} findings`);
  return report;
}
