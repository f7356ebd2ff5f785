import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

describe('./holdfast consumer', () => {
  async function run(...args: string[]) {
    const child = spawn(process.execPath, [MAIN, 'consumer', ...args]);
    const [said, faults, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    return { status, said, faults };
  }

  it('says what to do where nothing is running, and explains itself where that is asked for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-cli-'));
    try {
      const alone = await run('--data-dir', folder);
      expect(alone.status).to.equal(1);
      expect(alone.faults).to.include('Nothing is running').and.include('./holdfast up');
      const help = await run('--help');
      expect(help.status).to.equal(0);
      expect(help.said).to.include('--from-beginning').and.include('--json');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
