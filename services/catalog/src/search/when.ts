import { Temporal } from 'temporal-polyfill';

/** Spans of days as people name them, on the calendar of the venue. */
export const WHENS = ['today', 'tomorrow', 'this_weekend', 'next_7_days', 'this_month'] as const;
export type When = (typeof WHENS)[number];

/** From the first instant to the one after the last, in ms. */
export type Span = { fromMs: number; toMs: number };

/** The zones of venues that share the span, as their calendars say. */
export type ZonedSpan = Span & { timeZones: string[] };

const SATURDAY = 6;

function daysOf(when: When, today: Temporal.PlainDate): [Temporal.PlainDate, Temporal.PlainDate] {
  if (when === 'today') return [today, today.add({ days: 1 })];
  if (when === 'tomorrow') return [today.add({ days: 1 }), today.add({ days: 2 })];
  if (when === 'next_7_days') return [today, today.add({ days: 7 })];
  if (when === 'this_month') return [today, today.with({ day: 1 }).add({ months: 1 })];
  // On a Sunday the weekend is what is left of it.
  const monday = today.add({ days: 8 - today.dayOfWeek });
  const saturday = today.add({ days: Math.max(0, SATURDAY - today.dayOfWeek) });
  return [saturday, monday];
}

/** The span of `when` in a time zone; a day there may have 23 or 25 hours. */
export function spanOf(when: When, timeZone: string, nowMs: number): Span {
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs)
    .toZonedDateTimeISO(timeZone)
    .toPlainDate();
  const [from, to] = daysOf(when, today).map(
    (day) => day.toZonedDateTime(timeZone).epochMilliseconds,
  );
  return { fromMs: from ?? nowMs, toMs: to ?? nowMs };
}

/** The spans of `when` over many zones, equal ones together. */
export function spansOf(when: When, timeZones: readonly string[], nowMs: number): ZonedSpan[] {
  const spans = timeZones.map((timeZone) => ({ timeZone, ...spanOf(when, timeZone, nowMs) }));
  return [...Map.groupBy(spans, ({ fromMs, toMs }) => `${fromMs} ${toMs}`).values()].flatMap(
    ([first, ...more]) =>
      first === undefined
        ? []
        : [
            {
              fromMs: first.fromMs,
              toMs: first.toMs,
              timeZones: [first, ...more].map((one) => one.timeZone),
            },
          ],
  );
}

/** What a clock on the wall of the venue shows, as 2027-03-14T19:30. */
export function localTimeOf(instant: Date, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' });
}
