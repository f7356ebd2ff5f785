import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { Piscina } from 'piscina';
import type { TicketPage } from './sheet.ts';

/** More drawings at a time wait in vain: their readers have given up. */
const MOST_WAITING = 64;
const IDLE_MS = 60_000;

export type Drawings = ReturnType<typeof createDrawings>;

/** Draws tickets in a thread of its own, which ends when nothing was to draw for a minute. */
export function createDrawings() {
  const pool = new Piscina<unknown, Uint8Array>({
    filename: new URL('./draw.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    maxQueue: MOST_WAITING,
    idleTimeout: IDLE_MS,
  });

  async function draw(name: string, task: unknown): Promise<Buffer | Refusal> {
    if (pool.queueSize >= MOST_WAITING) {
      return refused('too_many_requests', 'Too many tickets are being drawn: ask again.', {
        retryAfterSeconds: 2,
      });
    }
    return Buffer.from(await pool.run(task, { name }));
  }

  return {
    png: (code: string) => draw('drawPng', code),
    pdf: (pages: readonly TicketPage[]) => draw('drawPdf', pages),
    close: () => pool.close({ force: true }),
  };
}
