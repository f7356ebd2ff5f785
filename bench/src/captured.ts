import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BareAnswer } from './baselines/bare-http.ts';
import type { Bench } from './bench.ts';
import type { WireAnswer } from './load/answer-reader.ts';
import { openConnection } from './load/connection.ts';
import { get } from './load/plan.ts';

const CONNECTIONS = 8;

/** Answers of a server by path in a file, for a baseline to give out the same `bytes`. */
export async function captureAnswers(
  bench: Bench,
  url: string,
  paths: readonly string[],
  type: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ file: string; bytes: number }> {
  let bytes = 0;
  const answers: Record<string, BareAnswer> = {};
  const left = [...paths];
  const { hostname, port } = new URL(url);
  const capture = async () => {
    const connection = await openConnection(hostname, Number(port));
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      const asked = path;
      const { status, encoding, body } = await new Promise<WireAnswer>((resolve, reject) =>
        connection.ask(Buffer.from(get(asked, headers)), (answer) =>
          answer instanceof Error ? reject(answer) : resolve(answer),
        ),
      );
      if (status !== 200) throw new Error(`GET ${asked} was answered ${status}`);
      bytes += body.length;
      answers[asked] = {
        body: body.toString('base64'),
        type,
        ...(encoding !== undefined && { encoding }),
      };
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, capture));
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  bench.atEnd(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'answers.json');
  await writeFile(file, JSON.stringify(answers));
  return { file, bytes };
}
