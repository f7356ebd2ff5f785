import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import type { CheckResult } from './audit.ts';

/**
 * Runs rounds of checks until one finds nothing or `settleMs` is over. The stores are read one
 * after the other, so work under way looks broken for a moment: when time is over, a finding counts
 * if the last two rounds saw it. What breaks only while the work settles counts like the rest.
 */
export async function settle(
  round: () => Promise<CheckResult[]>,
  { settleMs, everyMs }: { settleMs: number; everyMs: number },
): Promise<CheckResult[]> {
  const end = monotonicMs() + settleMs;
  let before: CheckResult[] | undefined;
  let last = await round();
  while (hasFindings(last) && monotonicMs() < end) {
    await sleep(everyMs);
    before = last;
    last = await round();
  }
  return before ? keepLasting(last, before) : last;
}

function hasFindings(checks: readonly CheckResult[]): boolean {
  return checks.some((check) => check.findings.length > 0);
}

function keepLasting(now: readonly CheckResult[], before: readonly CheckResult[]): CheckResult[] {
  return now.map((result, at) => {
    const seen = new Set(before[at]?.findings);
    return { ...result, findings: result.findings.filter((finding) => seen.has(finding)) };
  });
}
