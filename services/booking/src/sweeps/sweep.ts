/**
 * What a change of an event means for those who have booked it, pure. A sweep is one walk over all
 * bookings of the event: it cancels them, or tells each of the move.
 */
export const SWEEP_CAUSES = ['cancelled', 'postponed', 'rescheduled'] as const;
export type SweepCause = (typeof SWEEP_CAUSES)[number];

export const SWEEP_STATES = ['running', 'paused', 'done', 'superseded'] as const;
export type SweepState = (typeof SWEEP_STATES)[number];

export type Sweep = {
  readonly id: string;
  readonly eventId: string;
  readonly cause: SweepCause;
  readonly state: SweepState;
  readonly oldStartsAt: Date | null;
  readonly newStartsAt: Date;
  /** Until when those who booked may cancel free of charge; null where the event is cancelled. */
  readonly freeCancelUntil: Date | null;
  /** The last booking looked at in this pass, in the order of ids. */
  readonly cursor: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
};

/** How a booking has fared, by what a sweep did to it and where its money is now. */
export const SWEEP_OUTCOMES = [
  'repaid',
  'repaying',
  'waiting_for_funds',
  'nothing_to_repay',
  'voided',
  'told',
  'failed',
] as const;
export type SweepOutcome = (typeof SWEEP_OUTCOMES)[number];

export type EventDate = { readonly status: string; readonly startsAt: Date };

/**
 * Whether a change of an event makes a sweep. Nobody has booked a draft, and a cancelled event stays
 * cancelled, so what is changed of it later tells nobody anything.
 */
export function causeOf(before: EventDate | undefined, after: EventDate): SweepCause | undefined {
  if (before?.status === 'cancelled') return undefined;
  if (after.status === 'cancelled') return 'cancelled';
  if (before === undefined || before.status === 'draft') return undefined;
  if (after.status === 'postponed' && before.status !== 'postponed') return 'postponed';
  return before.startsAt.getTime() === after.startsAt.getTime() ? undefined : 'rescheduled';
}
