import { expect } from 'chai';
import { type Answer, startWorld, type World } from './world.ts';

type Content = Record<string, { example?: unknown }>;
type Operation = { requestBody?: { content: Content }; responses: Record<string, Answered> };
type Answered = { content?: Content };
type Document = { paths: Record<string, Record<string, Operation>> };

const JSON_TYPE = 'application/json';

/** The members of a value by their paths, those of all items of a list together. */
function membersOf(value: unknown, at = ''): string[] {
  const inner = Array.isArray(value)
    ? value.flatMap((one) => membersOf(one, `${at}[]`))
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, one]) => membersOf(one, `${at}.${name}`))
      : [];
  return [...new Set([at, ...inner])].sort();
}

describe('the documented examples', () => {
  let world: World;
  let document: Document;
  before(async () => {
    world = await startWorld();
    document = (await world.call('GET', '/openapi.json')).body as Document;
  });
  after(() => world.stop());

  function operation(method: string, path: string): Operation {
    const found = document.paths[path]?.[method.toLowerCase()];
    if (found === undefined) throw new Error(`${method} ${path} is not documented`);
    return found;
  }

  const successOf = ({ responses }: Operation) =>
    Object.entries(responses).find(([status]) => status.startsWith('2'));

  /** Asks with the documented body, but for what a test must name; the answer is as documented. */
  async function ask(
    method: string,
    path: string,
    { ids = {}, query = '', instead }: { ids?: Ids; query?: string; instead?: object } = {},
  ): Promise<Answer> {
    const documented = operation(method, path);
    const example = documented.requestBody?.content[JSON_TYPE]?.example;
    const body = example === undefined ? undefined : { ...(example as object), ...instead };
    const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '') + query;
    const answer = await world.call(method, address, {
      as: world.organizer,
      ...(body && { body }),
    });
    const [status, { content = {} }] = successOf(documented) ?? ['none', {}];
    const what = `${method} ${path}: ${JSON.stringify(answer.body).slice(0, 300)}`;
    expect(answer.status, what).to.equal(Number(status));
    expect(membersOf(answer.body), what).to.deep.equal(membersOf(content[JSON_TYPE]?.example));
    return answer;
  }
  type Ids = Record<string, string>;

  it('are there for the success of every address, and for every body', () => {
    const missing = Object.entries(document.paths)
      .filter(([path]) => path.startsWith('/api/'))
      .flatMap(([path, methods]) =>
        Object.entries(methods).flatMap(([method, one]) => {
          const isShown = Object.values(successOf(one)?.[1].content ?? {}).some(hasExample);
          const body = one.requestBody?.content[JSON_TYPE];
          return [
            ...(isShown ? [] : [`${method} ${path}: answer`]),
            ...(body && !hasExample(body) ? [`${method} ${path}: body`] : []),
          ];
        }),
      );
    expect(missing).to.deep.equal([]);
  });

  it('are accepted as requests, and the answers have the members that are shown', async () => {
    const { venueId } = (await ask('POST', '/api/venues')).body.venue;
    await ask('GET', '/api/venues/{venueId}', { ids: { venueId } });
    await ask('GET', '/api/venues/{venueId}/plan', { ids: { venueId } });
    await ask('PATCH', '/api/venues/{venueId}', { ids: { venueId } });
    await ask('GET', '/api/venues');
    const { artistId } = (await ask('POST', '/api/artists')).body.artist;
    await ask('PATCH', '/api/artists/{artistId}', { ids: { artistId } });
    await ask('GET', '/api/artists');

    const sale = { venueId, onSaleAt: '2020-01-01T00:00:00.000Z' };
    const start = { startsAt: '2099-03-14T18:30:00.000Z' };
    const made = await ask('POST', '/api/events', { instead: { ...sale, ...start } });
    const ids: Ids = { eventId: made.body.event.eventId };
    await ask('GET', '/api/events/{eventId}', { ids });
    await ask('GET', '/api/events/mine');
    await ask('GET', '/api/events');
    const series = operation('POST', '/api/series').requestBody?.content[JSON_TYPE]?.example as {
      recurrence: object;
      event: object;
    };
    const { seriesId } = (
      await ask('POST', '/api/series', {
        instead: {
          recurrence: { ...series.recurrence, firstLocal: '2099-03-21T12:30' },
          event: { ...series.event, ...sale },
        },
      })
    ).body.series;
    await ask('GET', '/api/series/{seriesId}', { ids: { seriesId } });

    await ask('GET', '/api/events/{eventId}/seats', { ids });
    await ask('GET', '/api/events/{eventId}/seats/{seatId}', {
      ids: { ...ids, seatId: 'Stalls-A-1' },
    });
    await ask('GET', '/api/events/{eventId}/availability', { ids });
    await ask('GET', '/api/events/{eventId}/best-available', { ids, query: '?partySize=2' });
    const { holdId } = (await ask('POST', '/api/events/{eventId}/holds', { ids })).body.hold;
    await ask('GET', '/api/holds');
    await ask('POST', '/api/holds/{holdId}/seats', { ids: { holdId } });
    await ask('POST', '/api/holds/{holdId}/extend', { ids: { holdId } });
    await ask('DELETE', '/api/holds/{holdId}', { ids: { holdId } });

    const { block } = (await ask('POST', '/api/events/{eventId}/blocks', { ids })).body;
    await ask('GET', '/api/events/{eventId}/blocks', { ids });
    await ask('DELETE', '/api/events/{eventId}/blocks/{blockId}', {
      ids: { ...ids, blockId: block.blockId },
    });
    await ask('PUT', '/api/venues/{venueId}/plan', { ids: { venueId }, instead: { version: 2 } });
    const { version } = (await ask('PUT', '/api/events/{eventId}/plan', { ids })).body.event;
    await ask('PATCH', '/api/events/{eventId}', { ids, instead: { version } });
    await ask('GET', '/api/events/{eventId}/stats', { ids });
  });
});

function hasExample(one: { example?: unknown } | undefined): boolean {
  return one?.example !== undefined;
}
