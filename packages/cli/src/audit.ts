import { SetupError } from '@holdfast/stack/setup-error.ts';
import { type Command, print } from './command.ts';
import { findRunning } from './running-system.ts';

export const AUDIT_MODULE = '@holdfast/auditor/audit.ts';

export const audit: Command = {
  name: 'audit',
  summary: 'check every invariant over the stores of the running system',
  operands: '',
  options: { json: { type: 'boolean' } },
  help: 'Reads seats, tickets, money and messages from the stores. Exits with 1 if any is wrong.',
  async run({ dataDir, json }) {
    const running = await findRunning(dataDir);
    if (!running) {
      throw new SetupError(
        `Nothing is running in ${dataDir}.`,
        'Start it with ./holdfast up, or with ./holdfast demo --keep, and audit it from a second terminal.',
      );
    }
    const { audit: runAudit } = await import('@holdfast/auditor/audit.ts');
    const { ok, checks, findings, report } = await runAudit({
      env: { ...running.env },
      urls: running.urls,
    });
    print(json ? JSON.stringify({ ok, checks, findings }) : report);
    return ok ? 0 : 1;
  },
};
