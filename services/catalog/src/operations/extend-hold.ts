import { holdExtended } from '@holdfast/shared/contracts/holds.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { fingerprint } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { type Hold, historyEntry } from '../hold.ts';
import { holdMessage } from '../messages.ts';
import type { HoldNow } from '../stores/holds.ts';
import type { HoldLimits, HoldStores } from './dependencies.ts';
import { finishHold } from './finish-hold.ts';
import { findOwn, findOwnAtRest, refuseInactive } from './own-hold.ts';
import { refuseReusedKey } from './refusals.ts';

export type ExtendHold = {
  holdId: string;
  userId: string;
  durationMs: number;
  idempotencyKey: string | undefined;
  origin: Origin;
};

/**
 * Makes a hold end `durationMs` later, within the caps: its quota and its live seats first, then
 * the document. Missing a seat ends the hold, since it would own a part only.
 */
export async function extendHold(
  deps: HoldStores & { limits: HoldLimits },
  command: ExtendHold,
): Promise<HoldNow | Refusal> {
  const found = await findOwnAtRest(deps, command);
  if ('kind' in found) return found;
  const { hold, now } = found;
  const request = fingerprint({ durationMs: command.durationMs });
  const repeated = command.idempotencyKey
    ? hold.extensions.find((one) => one.key === command.idempotencyKey)
    : undefined;
  if (repeated) {
    return repeated.fingerprint === request
      ? found
      : refuseReusedKey('extended by another duration');
  }
  const refusal = refuseExtension(deps.limits, hold, now, command.durationMs);
  if (refusal) return refusal;
  const expiresAt = new Date(hold.expiresAt.getTime() + command.durationMs);

  await deps.quotas.prolong(hold, expiresAt);
  const reached = await deps.seats.extend(hold, expiresAt);
  if (reached < hold.seats.length) return endPartial(deps, hold, command);
  const seats = await deps.seats.changesOf(hold);
  const extended = await deps.holds.extend(hold, {
    extension: { key: command.idempotencyKey ?? null, fingerprint: request, expiresAt },
    message: holdMessage(holdExtended, hold, {
      seats,
      has: hold.seats,
      expiresAt,
      version: hold.version + 1,
      time: now,
      origin: command.origin,
    }),
    entry: historyEntry(
      now,
      command.origin,
      'extended',
      { state: hold.state, expiresAt: hold.expiresAt.toISOString() },
      { state: hold.state, expiresAt: expiresAt.toISOString() },
    ),
  });
  if (extended) return { hold: extended, now };
  return answerMoved(deps, command, request);
}

function refuseExtension(
  limits: HoldLimits,
  hold: Hold,
  now: Date,
  durationMs: number,
): Refusal | undefined {
  const inactive = refuseInactive(hold, now);
  if (inactive) return inactive;
  const longest = hold.takenAt.getTime() + limits.totalMaxMs;
  if (hold.extensions.length >= limits.maxExtensions) {
    return refused(
      'hold_extend_limit',
      `A hold can be extended ${limits.maxExtensions} times; this one was. Book it before it ends, or give it back and take the seats anew.`,
    );
  }
  if (hold.expiresAt.getTime() + durationMs > longest) {
    return refused(
      'hold_extend_limit',
      `A hold lasts ${limits.totalMaxMs / 1000} s in all; ${Math.max(0, Math.floor((longest - hold.expiresAt.getTime()) / 1000))} s are left to extend by.`,
    );
  }
  return undefined;
}

/** A live seat was missed: the hold ends, unless it has moved on by itself. */
async function endPartial(deps: HoldStores, hold: Hold, command: ExtendHold): Promise<Refusal> {
  const begun = await deps.holds.begin(hold, 'releasing', {
    origin: command.origin,
    reason: 'seats_lost',
  });
  if (begun === null) {
    return refused('version_conflict', 'The hold changed while it was extended: look at it again.');
  }
  await finishHold(deps, begun);
  return refused('hold_expired', 'A seat of the hold had run out, so the hold has ended.');
}

/** Another change of the hold came first: the same request, or something else. */
async function answerMoved(
  deps: HoldStores,
  command: ExtendHold,
  request: string,
): Promise<HoldNow | Refusal> {
  const found = await findOwn(deps.holds, command);
  if ('kind' in found) return found;
  const same = found.hold.extensions.some(
    (one) => one.key === command.idempotencyKey && one.fingerprint === request,
  );
  if (command.idempotencyKey !== undefined && same) return found;
  return refused('version_conflict', 'The hold changed while it was extended: look at it again.');
}
