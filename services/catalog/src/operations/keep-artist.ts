import { systemClock } from '@holdfast/shared/clock.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint, newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import type { Artist, ArtistFace } from '../artist.ts';
import { historyEntry } from '../hold.ts';
import type { Artists } from '../stores/artists.ts';
import { refuseVersion } from './create-venue.ts';
import { refuseStranger } from './ownership.ts';
import { refuseReusedKey } from './refusals.ts';

/** Creates an artist; a repeat under the same key answers the same one. */
export async function createArtist(
  artists: Artists,
  command: { input: ArtistFace; owner: Actor; idempotencyKey: string | undefined; origin: Origin },
): Promise<Artist | Refusal> {
  const { input, owner, idempotencyKey, origin } = command;
  const now = systemClock.now();
  const artist: Artist = {
    _id: idempotencyKey === undefined ? newId() : derivedId('artist', owner.userId, idempotencyKey),
    ownerId: owner.userId,
    fingerprint: fingerprint(input),
    ...input,
    version: 1,
    createdAt: now,
    history: [historyEntry(now, origin, 'created', null, { version: 1 })],
  };
  if (await artists.insert(artist)) return artist;
  const stored = await artists.find(artist._id);
  if (stored?.fingerprint === artist.fingerprint) return stored;
  return refuseReusedKey('made another artist');
}

/** Changes an artist; events keep the name that they were made with. */
export async function changeArtist(
  artists: Artists,
  command: {
    artistId: string;
    edit: Partial<ArtistFace> & { version?: number };
    actor: Actor;
    origin: Origin;
  },
): Promise<Artist | Refusal> {
  const artist = await artists.find(command.artistId);
  if (artist === undefined) return refuseUnknown([command.artistId]);
  const { version, ...set } = command.edit;
  const refusal =
    refuseStranger(artist, command.actor) ??
    (version !== undefined && version !== artist.version
      ? refuseVersion(artist.version)
      : undefined);
  if (refusal) return refusal;
  const next = artist.version + 1;
  const entry = historyEntry(
    systemClock.now(),
    command.origin,
    'changed',
    { version: artist.version },
    { version: next, changed: Object.keys(set) },
  );
  return (await artists.change(artist, set, entry)) ?? refuseVersion(next);
}

/** The names that an event is found by: of the artists it names by id, then those named freely. */
export async function nameArtists(
  artists: Artists,
  artistIds: readonly string[],
  names: readonly string[],
): Promise<string[] | Refusal> {
  if (artistIds.length === 0) return [...names];
  const found = new Map((await artists.findAll(artistIds)).map(({ _id, name }) => [_id, name]));
  const missing = artistIds.filter((artistId) => !found.has(artistId));
  if (missing.length > 0) return refuseUnknown(missing);
  return [...new Set([...artistIds.flatMap((artistId) => found.get(artistId) ?? []), ...names])];
}

function refuseUnknown(artistIds: readonly string[]): Refusal {
  return refused('artist_not_found', `There is no artist ${artistIds.join(', ')}.`, {
    artistIds: [...artistIds],
  });
}
