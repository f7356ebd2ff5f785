import type { CheckResult } from './audit.ts';

const SHOWN = 5;
const ELSEWHERE =
  'Not read from stores: 12 is proved by tests/failures; 18 waits for the waiting room.';

/** One line a rule, the findings of a broken one below it, and a verdict. */
export function renderReport(checks: readonly CheckResult[]): string {
  const lines = checks.flatMap(({ invariant, title, checked, findings }) => {
    const mark = findings.length === 0 ? 'holds ' : 'BROKEN';
    const head = `${mark}  ${String(invariant).padStart(2)}  ${title} (${checked.toLocaleString('en')} checked)`;
    const shown = findings.slice(0, SHOWN).map((finding) => `            ${finding}`);
    const rest = findings.length > SHOWN ? [`            and ${findings.length - SHOWN} more`] : [];
    return [head, ...shown, ...rest];
  });
  const broken = checks.filter((check) => check.findings.length > 0).length;
  const verdict =
    broken === 0
      ? `All ${checks.length} checks hold.`
      : `${broken} of ${checks.length} checks are broken: keep the data folder and look at the seats and bookings named above.`;
  return [...lines, ELSEWHERE, verdict].join('\n');
}
