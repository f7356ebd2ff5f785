import { waitUntil } from '@holdfast/shared/wait.ts';
import type { Seen } from './live-world.ts';

/** Reads server-sent events (WHATWG HTML, 9.2) until it leaves or the other side ends. */
export async function readStream(url: string, headers: Record<string, string> = {}) {
  const leaving = new AbortController();
  const response = await fetch(url, { headers, signal: leaving.signal });
  const frames: Seen[] = [];
  const ids: string[] = [];
  let comments = 0;
  async function read(): Promise<void> {
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const line of blocks.flatMap((block) => block.split('\n'))) {
        if (line.startsWith('data: ')) frames.push(JSON.parse(line.slice(6)) as Seen);
        if (line.startsWith('id: ')) ids.push(line.slice(4));
        if (line.startsWith(':')) comments += 1;
      }
    }
  }
  const ended = read().catch(() => undefined);
  const ofType = (type: string) => frames.filter((frame) => frame.type === type);
  return {
    response,
    frames,
    ids,
    ended,
    comments: () => comments,
    ofType,
    async sees(type: string): Promise<Seen> {
      await waitUntil(type, () => ofType(type).length > 0);
      return ofType(type).at(-1) as Seen;
    },
    leave: () => leaving.abort(),
  };
}
