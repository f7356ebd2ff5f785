import { reportsFolder } from './config.ts';
import { readReports, writeReport } from './test-report.ts';

const PATIENCE_MS = 10_000;

/**
 * Mocha runs without `--exit`, so a pool, client or consumer that a test left open keeps the
 * process alive. This says what it is and fails the run. The timer itself holds nothing open.
 */
export function mochaGlobalTeardown(): void {
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout');
    process.stderr.write(
      `\nThe tests have ended, but these are still open: ${open.join(', ') || 'timers'}.\n` +
        'Close every pool, client, consumer and server that a test opens.\n',
    );
    recordFailure();
    // Mocha sets the exit status in a listener of its own, which this one comes after.
    process.on('exit', () => {
      process.exitCode = 1;
    });
    process.exit(1);
  }, PATIENCE_MS).unref();
}

function recordFailure(): void {
  const folder = reportsFolder();
  if (!folder) return;
  const workspace = process.cwd();
  const report = readReports(folder).find((candidate) => candidate.workspace === workspace);
  if (report) writeReport(folder, { ...report, failed: report.failed + 1 });
}
