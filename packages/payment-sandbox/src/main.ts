import { readConfig } from '@holdfast/shared/config.ts';
import { runService } from '@holdfast/shared/lifecycle.ts';
import { sandboxSettings } from './config.ts';
import { createSandbox } from './sandbox.ts';

await runService('payment-sandbox', async () => {
  const sandbox = createSandbox(readConfig(sandboxSettings));
  return { service: await sandbox.start(), log: sandbox.log };
});
