import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What one workspace's tests came to. */
export interface TestReport {
  /** The workspace's folder. */
  readonly workspace: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, in the order of the run. */
  readonly failures: readonly TestFailure[];
}

export interface TestFailure {
  /** The test's full title. */
  readonly title: string;
  /** The error's message, or its stack where it has one. */
  readonly error: string;
}

/** Writes a report, in place of an earlier one of the same workspace. */
export function writeReport(folder: string, report: TestReport): void {
  mkdirSync(folder, { recursive: true });
  const name = `${report.workspace.replaceAll('/', '_')}.json`;
  writeFileSync(join(folder, name), JSON.stringify(report));
}

export function readReports(folder: string): TestReport[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as TestReport);
}

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** Adds reports up. A workspace that should have reported and did not counts as one failure. */
export function addUp(
  reports: readonly TestReport[],
  expected: readonly string[],
): { totals: Totals; silent: string[] } {
  const reported = new Set(reports.map((report) => report.workspace));
  const silent = expected.filter((workspace) => !reported.has(workspace));
  const totals = { passed: 0, failed: silent.length, skipped: 0 };
  for (const report of reports) {
    totals.passed += report.passed;
    totals.failed += report.failed;
    totals.skipped += report.skipped;
  }
  return { totals, silent };
}

/** What failed, in a text to stand above the closing line: nobody should have to scroll for it. */
export function listFailures(reports: readonly TestReport[]): string {
  return reports
    .flatMap(({ workspace, failures }) =>
      failures.map(
        ({ title, error }) =>
          `FAILED in ${basename(workspace)}: ${title}\n${error.replace(/^/gm, '    ')}`,
      ),
    )
    .join('\n');
}

/** The closing line of a test run. */
export function closingLine({ passed, failed, skipped }: Totals): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}
