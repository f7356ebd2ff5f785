import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import type { HoldStores } from '../operations/dependencies.ts';
import { tellEndingSoon } from '../operations/tell-ending-soon.ts';

/** Tells of holds that are about to end, so that their buyers can pay or extend in time. */
export function createEndingSoon(options: {
  stores: HoldStores;
  warningMs: number;
  intervalMs: number;
}): Loop {
  const { stores, warningMs, intervalMs } = options;
  return createLoop({
    name: 'ending-soon',
    intervalMs,
    log: stores.log,
    round: () => tellEndingSoon(stores, warningMs),
  });
}
