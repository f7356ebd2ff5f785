/**
 * The instant at which clocks in a zone show a local time.
 * @param local `YYYY-MM-DD HH:MM`; in the hour a clock skips or repeats, either reading may result
 * @throws RangeError when the time or the zone does not exist
 */
export function instantOf(local: string, timeZone: string): string {
  const wanted = Date.parse(`${local.replace(' ', 'T')}:00.000Z`);
  // The first guess may fall on the far side of a change of clocks; the second does not.
  const guess = wanted - offsetMs(wanted, timeZone);
  return new Date(wanted - offsetMs(guess, timeZone)).toISOString();
}

/** What clocks in a zone show at an instant, as `YYYY-MM-DD HH:MM`. */
export function localTime(instantMs: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  return format.format(instantMs);
}

function offsetMs(instantMs: number, timeZone: string): number {
  const shown = Date.parse(`${localTime(instantMs, timeZone).replace(' ', 'T')}:00.000Z`);
  return shown - Math.floor(instantMs / 60_000) * 60_000;
}
