import { readConfig } from '@holdfast/shared/config.ts';
import { runService } from '@holdfast/shared/lifecycle.ts';
import { bookingSettings } from './config.ts';
import { createService } from './service.ts';

await runService('booking', async () => {
  const service = await createService(readConfig(bookingSettings));
  return { service, log: service.log };
});
