import Mocha from 'mocha';
import { reportsFolder } from './config.ts';
import { writeReport } from './test-report.ts';

/** Mocha's own spec output; the counts and failures also go to a file, which `holdfast test` adds up. */
class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const folder = reportsFolder();
    if (!folder) return;
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      const workspace = process.cwd();
      writeReport(folder, {
        workspace,
        passed: passes,
        failed: failures,
        skipped: pending,
        failures: this.failures.map((failed) => ({
          title: failed.fullTitle(),
          error: failed.err?.stack ?? failed.err?.message ?? 'no error was told',
        })),
      });
    });
  }
}

// Mocha loads reporters by `require` and expects the class itself.
export { CountingReporter as 'module.exports' };
