import { id } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import type { Artist, ArtistFace } from '../artist.ts';
import { changeArtist, createArtist } from '../operations/keep-artist.ts';
import type { Artists } from '../stores/artists.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { images } from './faces.ts';
import { cursor, limit, text } from './schemas.ts';

const members = {
  name: text(200),
  description: Joi.string().allow('').max(5_000),
  genres: Joi.array().items(text(60)).max(20),
  images: images(),
};
const newArtist = Joi.object({ ...members, name: members.name.required() }).example({
  name: 'Quartett am Fluss',
  genres: ['classical'],
});
const artistEdit = Joi.object({ ...members, version: Joi.number().integer().min(1) })
  .min(1)
  .example({ genres: ['classical', 'chamber'], version: 1 });
const params = Joi.object({ artistId: id().required() });

const EXAMPLE = {
  artistId: '0198c9d4-0000-7000-8000-0000000000a1',
  name: 'Quartett am Fluss',
  description: 'Four who met by the river.',
  genres: ['classical'],
  images: [],
  version: 1,
};
const one = { description: 'The artist', example: { artist: EXAMPLE } };

function viewArtist(artist: Artist) {
  const { _id, name, description, genres, images, version } = artist;
  return { artistId: _id, name, description, genres, images, version };
}

export function artistRoutes(artists: Artists): Route[] {
  const answer = (artist: Artist, status: number) =>
    reply(status, { artist: viewArtist(artist) }, { location: `/api/artists/${artist._id}` });

  return [
    route<{ body: Partial<ArtistFace> & Pick<ArtistFace, 'name'> }>({
      method: 'post',
      path: '/api/artists',
      id: 'createArtist',
      summary: 'Create an artist, whom events can name by id',
      tag: 'artists',
      access: ['organizer', 'admin'],
      body: newArtist,
      responses: { 201: one },
      errors: ['idempotency_key_reused'],
      async run({ body, actor, idempotencyKey, origin }) {
        const input = { description: '', genres: [], images: [], ...body };
        const created = await createArtist(artists, {
          input,
          owner: actor,
          idempotencyKey,
          origin,
        });
        return isRefusal(created) ? created : answer(created, 201);
      },
    }),
    route<{ query: { cursor?: string; limit: number } }>({
      method: 'get',
      path: '/api/artists',
      id: 'listArtists',
      summary: 'Artists by name',
      tag: 'artists',
      access: 'anyone',
      query: Joi.object({ cursor: cursor(), limit: limit(100, 50) }),
      responses: {
        200: { description: 'A page of artists', example: { artists: [EXAMPLE], next: null } },
      },
      async run({ query }) {
        const place = readCursor(query.cursor, 2);
        if (isRefusal(place)) return place;
        const after = place && { name: place[0] ?? '', id: place[1] ?? '' };
        const found = await artists.list(after, query.limit);
        const last = found.length === query.limit ? found.at(-1) : undefined;
        return reply(200, {
          artists: found.map(viewArtist),
          next: last ? writeCursor([last.name, last._id]) : null,
        });
      },
    }),
    route<{ params: { artistId: string } }>({
      method: 'get',
      path: '/api/artists/:artistId',
      id: 'getArtist',
      summary: 'An artist; /api/search?artistId= finds the events',
      tag: 'artists',
      access: 'anyone',
      params,
      responses: { 200: one },
      errors: ['artist_not_found'],
      async run({ params: { artistId } }) {
        const found = await artists.find(artistId);
        if (!found) return refused('artist_not_found', `There is no artist ${artistId}.`);
        return answer(found, 200);
      },
    }),
    route<{ params: { artistId: string }; body: Partial<ArtistFace> & { version?: number } }>({
      method: 'patch',
      path: '/api/artists/:artistId',
      id: 'changeArtist',
      summary: 'Change an artist; events keep the name of their time',
      tag: 'artists',
      access: ['organizer', 'admin'],
      params,
      body: artistEdit,
      responses: { 200: one },
      errors: ['artist_not_found', 'version_conflict', 'forbidden'],
      async run({ params: { artistId }, body, actor, origin }) {
        const changed = await changeArtist(artists, { artistId, edit: body, actor, origin });
        return isRefusal(changed) ? changed : answer(changed, 200);
      },
    }),
  ];
}
