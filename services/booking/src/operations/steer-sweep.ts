import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { lockSweep, runSweepAgain, saveSweepState } from '../stores/sweeps.ts';

/**
 * Pauses a sweep after the batch it is at, or lets it go on. One that is done but could not deal
 * with some bookings tries these again. A repeat changes nothing.
 */
export async function steerSweep(
  db: Database,
  command: { sweepId: string; to: 'paused' | 'running'; origin: Origin },
): Promise<'steered' | Refusal> {
  const { sweepId, to, origin } = command;
  return db.transaction(async (tx) => {
    const sweep = await lockSweep(tx, sweepId);
    if (sweep === undefined) {
      return refused('sweep_not_found', `There is no sweep ${sweepId}: list them for their ids.`);
    }
    const { state } = sweep;
    if (state === to) return 'steered';
    if (state === 'superseded') {
      const why = 'the event was changed again, and a later sweep has taken its place';
      return refused('sweep_ended', `The sweep ${sweepId} has ended: ${why}.`);
    }
    if (state === 'done') {
      const again = to === 'running' ? await runSweepAgain(tx, sweepId) : 0;
      if (again === 0) {
        return refused('sweep_ended', `The sweep ${sweepId} has dealt with every booking.`);
      }
    } else {
      await saveSweepState(tx, sweepId, to);
    }
    await recordAudit(tx, {
      aggregateType: 'event_sweep',
      aggregateId: sweepId,
      action: to === 'paused' ? 'event_sweep.paused' : 'event_sweep.resumed',
      oldStatus: state,
      newStatus: to,
      metadata: { eventId: sweep.eventId },
      origin,
    });
    return 'steered';
  });
}
