import { readConfig } from '@holdfast/shared/config.ts';
import { runService } from '@holdfast/shared/lifecycle.ts';
import { gatewaySettings } from './config.ts';
import { createService } from './service.ts';

await runService('gateway', async () => {
  const service = await createService(readConfig(gatewaySettings));
  return { service, log: service.log };
});
