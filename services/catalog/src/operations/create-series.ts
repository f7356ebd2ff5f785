import { systemClock } from '@holdfast/shared/clock.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint, newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import { historyEntry } from '../hold.ts';
import { instantsOf, type Recurrence } from '../recurrence.ts';
import type { Series, SeriesStore } from '../stores/series.ts';
import { createEvent, type EventInput, type EventStores } from './create-event.ts';
import { refuseReusedKey } from './refusals.ts';

export type SeriesInput = {
  recurrence: Recurrence;
  durationMinutes?: number;
  /** What its events have in common. */
  event: Omit<EventInput, 'startsAt' | 'endsAt'>;
};

const MINUTE_MS = 60_000;

/**
 * Creates a series: its events first, one after the other, each under a key of its own; then the
 * series, which there is only when all of them are there. A repeat under the same key goes on
 * where the first try broke off.
 */
export async function createSeries(
  stores: EventStores & { series: SeriesStore },
  command: { input: SeriesInput; owner: Actor; idempotencyKey: string | undefined; origin: Origin },
): Promise<Series | Refusal> {
  const { input, owner, origin } = command;
  const { recurrence, durationMinutes, event } = input;
  const venue = await stores.venues.find(event.venueId);
  if (venue === undefined) return refused('venue_not_found', `No venue ${event.venueId}.`);
  const starts = instantsOf(recurrence, venue.timeZone);
  if (starts === undefined) {
    return refused('invalid_request', `${recurrence.firstLocal} is no date and time.`);
  }
  const seriesId =
    command.idempotencyKey === undefined
      ? newId()
      : derivedId('series', owner.userId, command.idempotencyKey);
  const request = fingerprint(input);
  const earlier = await stores.series.find(seriesId);
  if (earlier) return replay(earlier, request);
  const eventIds: string[] = [];
  for (const [at, start] of starts.entries()) {
    const endsAt = durationMinutes && new Date(start.getTime() + durationMinutes * MINUTE_MS);
    const created = await createEvent(stores, {
      input: {
        ...event,
        startsAt: start.toISOString(),
        ...(endsAt && { endsAt: endsAt.toISOString() }),
        seriesId,
      },
      owner,
      idempotencyKey: `series ${seriesId} ${at}`,
      origin,
    });
    if (isRefusal(created)) return created;
    eventIds.push(created._id);
  }
  const now = systemClock.now();
  const series: Series = {
    _id: seriesId,
    ownerId: owner.userId,
    fingerprint: request,
    name: event.name,
    venueId: event.venueId,
    timeZone: venue.timeZone,
    recurrence,
    eventIds,
    createdAt: now,
    history: [historyEntry(now, origin, 'created', null, { events: eventIds.length })],
  };
  if (await stores.series.insert(series)) return series;
  return replay((await stores.series.find(seriesId)) ?? series, request);
}

function replay(stored: Series, request: string): Series | Refusal {
  if (stored.fingerprint === request) return stored;
  return refuseReusedKey('made another series');
}
