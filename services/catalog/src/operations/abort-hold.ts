import { systemClock } from '@holdfast/shared/clock.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { type Hold, historyEntry } from '../hold.ts';
import type { HoldStores } from './dependencies.ts';

/** What is known of a hold that never got its document. */
export type Unborn = { holdId: string; userId: string; eventId: string };

/** The document of a hold that will never be: its insert decides against every late try. */
export function abortedHold(
  unborn: Unborn,
  parts: { at: Date; closed?: Hold['closed']; outbox?: Message[] },
): Hold {
  return {
    _id: unborn.holdId,
    eventId: unborn.eventId,
    userId: unborn.userId,
    attemptId: '',
    fingerprint: '',
    state: 'aborted',
    seats: [],
    currency: '',
    totalMinor: 0,
    event: { name: '', venueName: '', startsAt: parts.at, timeZone: '' },
    maxPerUser: 0,
    takenAt: parts.at,
    expiresAt: parts.at,
    extensions: [],
    round: 0,
    version: 1,
    movedAt: parts.at,
    closed: parts.closed ?? [],
    history: [
      historyEntry(parts.at, systemOrigin('catalog', unborn.holdId), 'never completed', null, {
        state: 'aborted',
      }),
    ],
    outbox: parts.outbox ?? [],
  };
}

/**
 * Ends a try that broke off before its document: the aborted document first, so that the try can
 * not complete any more, then its seats and its claim. Answers how many seats were freed; none
 * when the hold has its document after all.
 */
export async function abortHold(
  stores: Pick<HoldStores, 'holds' | 'seats' | 'quotas'>,
  unborn: Unborn,
): Promise<number> {
  const at = systemClock.now();
  if (!(await stores.holds.insert(abortedHold(unborn, { at })))) {
    const known = await stores.holds.find(unborn.holdId);
    if (known?.hold.state !== 'aborted') return 0;
  }
  const freed = await stores.seats.freeHeldBy(unborn.eventId, unborn.holdId);
  await stores.quotas.drop(unborn);
  return freed;
}
