import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Secrets of one data folder, made once and readable by their owner only. */
export interface Secrets {
  readonly adminPassword: string;
  readonly paymentSecretKey: string;
  readonly paymentWebhookSecret: string;
}

export async function keepSecrets(dataDir: string): Promise<Secrets> {
  const file = join(dataDir, 'secrets.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text) return JSON.parse(text) as Secrets;
  const random = (bytes: number) => randomBytes(bytes).toString('base64url');
  const secrets: Secrets = {
    adminPassword: random(12),
    paymentSecretKey: `sk_test_${randomBytes(24).toString('hex')}`,
    paymentWebhookSecret: `whsec_${randomBytes(24).toString('hex')}`,
  };
  await writeFile(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return secrets;
}
