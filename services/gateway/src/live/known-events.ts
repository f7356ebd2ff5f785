import { monotonicMs } from '@holdfast/shared/clock.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';

const LIMIT_MS = 2_000;
const KEPT_MS = 10_000;
const MOST_KEPT = 10_000;

/**
 * Which events there are, as catalog says. It is asked once for all who come within ten seconds;
 * while it does not answer nobody is refused.
 */
export function createKnownEvents(catalogUrl: string) {
  const kept = new Map<string, { atMs: number; refusal: Promise<Refusal | undefined> }>();

  async function ask(eventId: string): Promise<Refusal | undefined> {
    try {
      const response = await fetch(new URL(`/api/events/${eventId}`, catalogUrl), {
        signal: AbortSignal.timeout(LIMIT_MS),
      });
      await response.body?.cancel();
      if (response.status !== 404) return undefined;
    } catch {
      return undefined;
    }
    const detail = `There is no event ${eventId}, or it is not published: GET /api/events lists them.`;
    return refused('event_not_found', detail);
  }

  return {
    /** Why an event can not be followed, if so. */
    refuse(eventId: string): Promise<Refusal | undefined> {
      const known = kept.get(eventId);
      if (known && monotonicMs() - known.atMs < KEPT_MS) return known.refusal;
      if (kept.size >= MOST_KEPT) kept.clear();
      const refusal = ask(eventId);
      kept.set(eventId, { atMs: monotonicMs(), refusal });
      return refusal;
    },
  };
}

export type KnownEvents = ReturnType<typeof createKnownEvents>;
