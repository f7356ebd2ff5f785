import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEnvironment } from '@holdfast/stack/config.ts';
import { expect } from 'chai';
import { readReports, type TestReport } from '../src/test-report.ts';

// The plumbing is tried on a run of mocha of its own, below this folder so that it resolves.
const here = fileURLToPath(new URL('.', import.meta.url));
const config = fileURLToPath(new URL('../../../.mocharc.json', import.meta.url));

describe("the tests' own plumbing", function () {
  this.timeout(40_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(here, 'plumbing-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reports passed, failed and skipped tests, and fails the run', async () => {
    const { status, reports } = await runMocha(
      folder,
      `it('passes', () => {});
       it('fails', () => { throw new Error('expected'); });
       it.skip('is skipped', () => {});`,
    );
    expect(status).to.equal(1);
    expect(reports).to.have.length(1);
    expect(reports[0]).to.include({ workspace: folder, passed: 1, failed: 1, skipped: 1 });
    expect(reports[0]?.failures.map(({ title }) => title)).to.deep.equal(['fails']);
    expect(reports[0]?.failures[0]?.error).to.include('expected').and.include('sample.spec.ts');
  });

  it('fails a run whose tests passed but left a server open, and names what is open', async () => {
    const { status, text, reports } = await runMocha(
      folder,
      `import { createServer } from 'node:net';
       it('leaves a server open', (done) => { createServer().listen(0, done); });`,
    );
    expect(status).to.equal(1);
    expect(text).to.include('TCPServerWrap');
    expect(reports).to.have.length(1);
    expect(reports[0]).to.include({ workspace: folder, passed: 1, failed: 1, skipped: 0 });
  });

  it('fails a run that has no tests at all', async () => {
    const { status } = await runMocha(folder, '');
    expect(status).to.equal(1);
  });
});

async function runMocha(
  cwd: string,
  source: string,
): Promise<{ status: number; text: string; reports: TestReport[] }> {
  const reports = join(cwd, 'reports');
  await writeFile(join(cwd, 'sample.spec.ts'), source);
  const child = spawn('mocha', ['--config', config, '--spec', join(cwd, 'sample.spec.ts')], {
    cwd,
    env: { ...readEnvironment(), HOLDFAST_TEST_REPORTS: reports },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const [status] = await once(child, 'close');
  return { status, text, reports: readReports(reports) };
}
