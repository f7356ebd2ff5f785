import { execFile } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { writeCode } from '../src/tickets/code.ts';

const PAGE = new URL('../../../docs/tickets.md', import.meta.url);
/** The private half of the example's key: RFC 8032, section 7.1, test 1. */
const SECRET = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A';

describe('docs/tickets.md', () => {
  let folder: string;
  let blocks: { language: string; text: string }[];

  before(async () => {
    const page = await readFile(PAGE, 'utf8');
    blocks = [...page.matchAll(/^```(\w+)\n(.*?)\n```$/gms)].map(
      ([, language = '', text = '']) => ({ language, text }),
    );
    folder = await mkdtemp(join(tmpdir(), 'ticket-page-'));
    await writeFile(join(folder, 'read.mjs'), blockOf('js'));
  });
  after(() => rm(folder, { recursive: true }));

  const blockOf = (language: string, nth = 0) =>
    blocks.filter((block) => block.language === language)[nth]?.text ?? '';
  const readTicket = (code: string) =>
    promisify(execFile)(process.execPath, [join(folder, 'read.mjs'), code, blockOf('json')]);

  it('has an example code that we would write, which its program reads as it says', async () => {
    const { keys } = JSON.parse(blockOf('json'));
    const jwk = { ...keys[0], d: SECRET };
    const code = {
      kid: keys[0].kid,
      ticketId: '0198c9d5-7b1a-7c44-9d21-5f0e6a3b8c71',
      eventId: '0198c9d5-1111-7000-8000-3a5b7c9d1e2f',
      epoch: 1,
      seatId: 'STALLS-C-14',
    };
    const written = writeCode(code, createPrivateKey({ key: jwk, format: 'jwk' }));
    expect(blockOf('text')).to.equal(written);
    expect((await readTicket(written)).stdout.trim()).to.equal(blockOf('json', 1));
  });

  it('has a program that refuses an altered code, an unknown key and what is no ticket', async () => {
    const code = blockOf('text');
    for (const [other, message] of [
      [`${code.slice(0, 60)}${code[60] === '0' ? '1' : '0'}${code.slice(61)}`, 'altered'],
      [`HF1:00${code.slice(6)}`, 'unknown key'],
      ['https://example.org', 'not a ticket'],
    ] as const) {
      const failure = await readTicket(other).then(
        () => 'read',
        (error: { stderr: string }) => error.stderr,
      );
      expect(failure).to.contain(message);
    }
  });
});
