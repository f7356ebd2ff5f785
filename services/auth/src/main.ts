import { readConfig } from '@holdfast/shared/config.ts';
import { runService } from '@holdfast/shared/lifecycle.ts';
import { authSettings } from './config.ts';
import { createService } from './service.ts';

await runService('auth', async () => {
  const service = await createService(readConfig(authSettings));
  return { service, log: service.log };
});
