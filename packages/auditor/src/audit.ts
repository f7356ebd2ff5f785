import type { Check } from './check.ts';
import { BOOKING_CHECKS } from './checks/bookings.ts';
import { CHAIN_CHECKS } from './checks/chain.ts';
import { HOLD_CHECKS } from './checks/holds.ts';
import { MESSAGE_CHECKS } from './checks/messages.ts';
import { MONEY_CHECKS } from './checks/money.ts';
import { PROJECTION_CHECKS } from './checks/projections.ts';
import { QUOTA_CHECKS } from './checks/quotas.ts';
import { SEAT_CHECKS } from './checks/seats.ts';
import { SWEEP_CHECKS } from './checks/sweeps.ts';
import { TICKET_CHECKS } from './checks/tickets.ts';
import { TRANSFER_CHECKS } from './checks/transfers.ts';
import { type EventFigures, readFigures } from './figures.ts';
import { renderReport } from './report.ts';
import { settle } from './settle.ts';
import { type AuditTargets, openSources, type Sources } from './sources.ts';

export type { EventFigures } from './figures.ts';

export type CheckResult = { invariant: number; title: string; checked: number; findings: string[] };

export type AuditReport = {
  /** True when no rule is broken. */
  ok: boolean;
  checks: CheckResult[];
  findings: string[];
  /** Seats and money of each event with a sale, as the stores have them; none with `reads`. */
  events: EventFigures[];
  /** All of it as text. */
  report: string;
};

const CHECKS: readonly Check[] = [
  ...SEAT_CHECKS,
  ...HOLD_CHECKS,
  ...QUOTA_CHECKS,
  ...BOOKING_CHECKS,
  ...SWEEP_CHECKS,
  ...MONEY_CHECKS,
  ...CHAIN_CHECKS,
  ...MESSAGE_CHECKS,
  ...PROJECTION_CHECKS,
  ...TICKET_CHECKS,
  ...TRANSFER_CHECKS,
].toSorted((a, b) => a.invariant - b.invariant);

export type AuditOptions = {
  /** How long work under way may take to settle. */
  settleMs?: number;
  /** The invariants to check, all by default. */
  only?: readonly number[];
  /** Only rules that read nothing but catalog's stores, where no other service has any. */
  reads?: 'catalog';
  /** Leaves out rules that need accounts, where buyers have none: auth was not there. */
  without?: 'accounts';
};

const BETWEEN_ROUNDS_MS = 1_000;

/**
 * Checks the invariants of docs/architecture.md over all stores of a running system, letting
 * work under way settle first (10 s by default).
 */
export async function audit(targets: AuditTargets & AuditOptions): Promise<AuditReport> {
  const sources = await openSources(targets);
  try {
    const rules = CHECKS.filter(
      ({ invariant, reads, needs }) =>
        (targets.only?.includes(invariant) ?? true) &&
        (targets.reads === undefined || reads === targets.reads) &&
        (needs === undefined || needs !== targets.without),
    );
    const checks = await settle(() => runRound(sources, rules), {
      settleMs: targets.settleMs ?? 10_000,
      everyMs: BETWEEN_ROUNDS_MS,
    });
    const events = targets.reads === undefined ? await readFigures(sources) : [];
    const findings = checks.flatMap((check) =>
      check.findings.map((finding) => `invariant ${check.invariant}: ${finding}`),
    );
    return { ok: findings.length === 0, checks, findings, events, report: renderReport(checks) };
  } finally {
    await sources.close();
  }
}

async function runRound(sources: Sources, rules: readonly Check[]): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { invariant, title, run } of rules) {
    results.push({ invariant, title, ...(await run(sources)) });
  }
  return results;
}
