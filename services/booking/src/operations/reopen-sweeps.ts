import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { reopenSweeps } from '../stores/sweeps.ts';

/** Lets sweeps that are done go on for bookings that came late; answers how many there are. */
export async function resumeForLateBookings(db: Database): Promise<number> {
  return db.transaction(async (tx) => {
    const reopened = await reopenSweeps(tx);
    const origin = systemOrigin('late-bookings', newId());
    await recordAudit(
      tx,
      ...reopened.map(({ id, eventId }) => ({
        aggregateType: 'event_sweep',
        aggregateId: id,
        action: 'event_sweep.resumed',
        oldStatus: 'done',
        newStatus: 'running',
        reason: 'late_bookings',
        metadata: { eventId },
        origin,
      })),
    );
    return reopened.length;
  });
}
