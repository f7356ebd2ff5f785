import { runService } from '@holdfast/shared/lifecycle.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { readCatalogConfig } from './config.ts';
import { createService } from './service.ts';

await runService('catalog', async () => {
  const config = readCatalogConfig();
  const log = createLogger('catalog', config.LOG_LEVEL);
  return { service: await createService(config, { log }), log };
});
