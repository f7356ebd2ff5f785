import { Temporal } from 'temporal-polyfill';

export const STEPS = ['days', 'weeks', 'months'] as const;

/** Dates that come again: the first by the clock on the venue's wall, then every so many steps. */
export type Recurrence = {
  /** Such as 2027-03-14T19:30. */
  firstLocal: string;
  every: number;
  step: (typeof STEPS)[number];
  count: number;
};

/**
 * The instants of a recurrence in a time zone; undefined where the first is no date. Each has the
 * same time on the wall, whatever clocks do between; a time that is skipped when clocks go forward
 * comes an hour later, one that is there twice is the first. The 31st becomes the last of a
 * shorter month.
 */
export function instantsOf(recurrence: Recurrence, timeZone: string): Date[] | undefined {
  const { firstLocal, every, step, count } = recurrence;
  try {
    const first = Temporal.PlainDateTime.from(firstLocal, { overflow: 'reject' });
    return Array.from(
      { length: count },
      (_, at) =>
        new Date(
          first
            .add({ [step]: at * every })
            .toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds,
        ),
    );
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
