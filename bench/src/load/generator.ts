import type { LoadPlan } from './plan.ts';
import { runPlan } from './run-plan.ts';

// The program of a generator's process: a plan comes in, what was measured goes out.
process.on('message', (plan: LoadPlan) => {
  runPlan(plan).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
