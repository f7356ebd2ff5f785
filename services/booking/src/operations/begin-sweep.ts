import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { EventState } from '@holdfast/shared/contracts/events.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { insertSweep } from '../stores/sweeps.ts';
import { causeOf, type EventDate } from '../sweeps/sweep.ts';

/** Begins the sweep that a change of an event makes, if it makes one, with the change itself. */
export async function beginSweep(
  tx: Transaction,
  given: { message: Message<EventState>; before: EventDate | undefined; freeCancelDays: number },
): Promise<'begun' | 'none'> {
  const { message, before, freeCancelDays } = given;
  const event = message.data;
  const startsAt = new Date(event.startsAt);
  const cause = causeOf(before, { status: event.status, startsAt });
  if (cause === undefined) return 'none';
  const sweepId = await insertSweep(tx, {
    eventId: event.eventId,
    eventVersion: message.version,
    cause,
    oldStartsAt: before?.startsAt ?? null,
    newStartsAt: startsAt,
    freeCancelDays,
  });
  await recordAudit(tx, {
    aggregateType: 'event_sweep',
    aggregateId: sweepId,
    action: 'event_sweep.started',
    newStatus: 'running',
    reason: `event_${cause}`,
    metadata: { eventId: event.eventId, version: message.version },
    origin: message.origin,
  });
  return 'begun';
}
