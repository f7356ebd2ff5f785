/** The folder where each run of mocha leaves its counts; unset when nobody collects them. */
export function reportsFolder(): string | undefined {
  return process.env.HOLDFAST_TEST_REPORTS || undefined;
}
