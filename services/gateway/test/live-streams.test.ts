import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { readStream } from './event-stream.ts';
import { type LiveWorld, startLiveWorld } from './live-world.ts';

describe('the live seat map as server-sent events', () => {
  let world: LiveWorld;
  beforeEach(async () => {
    world = await startLiveWorld({
      LIVE_BEAT_MS: '300',
      LIVE_CONNECTIONS_PER_ADDRESS: '2',
      LIVE_CONNECTIONS_PER_USER: '2',
    });
  });
  afterEach(() => world.stop());

  const addressOf = (eventId: string) => `${world.gateway.url}/api/events/${eventId}/live`;

  it('has the frames that a socket gets, and comments while nothing happens', async () => {
    const eventId = newId();
    const stream = await readStream(addressOf(eventId));
    expect(stream.response.headers.get('content-type')).to.equal(
      'text/event-stream; charset=utf-8',
    );
    await stream.sees('SUBSCRIBED');
    await waitUntil('a comment', () => stream.comments() > 0);
    const id = await world.change(eventId, [[4, 2, 2, 0]]);
    const frame = { type: 'SEAT_CHANGES', eventId, id, changes: [[4, 2]] };
    expect(await stream.sees('SEAT_CHANGES')).to.deep.equal(frame);
    expect(stream.ids.at(-1)).to.equal(id);
    stream.leave();
    expect(world.catalog.asked.map(({ url }) => url)).to.deep.equal([`/api/events/${eventId}`]);
  });

  it('is refused of an event that catalog does not show, opened while it can not be asked', async () => {
    const unknown = addressOf(newId());
    world.catalog.answerWith((_request, response) => response.writeHead(404).end());
    const refused = await fetch(unknown);
    expect(refused.status).to.equal(404);
    expect(await refused.json()).to.include({ code: 'event_not_found' });
    world.catalog.answerWith((_request, response) => response.writeHead(503).end());
    const opened = await readStream(addressOf(newId()));
    await opened.sees('SUBSCRIBED');
    opened.leave();
    world.catalog.reset();
  });

  it('resumes from Last-Event-ID or since, asks for a snapshot after a gap', async () => {
    const eventId = newId();
    const first = await world.change(eventId, [[1, 2, 2, 0]]);
    await world.change(eventId, [[2, 2, 2, 0]]);
    const resumed = await readStream(addressOf(eventId), { 'last-event-id': first });
    expect(await resumed.sees('SEAT_CHANGES')).to.deep.include({ changes: [[2, 2]] });
    resumed.leave();
    const elsewhere = await readStream(`${addressOf(eventId)}?since=${newId()}~1-1`);
    expect(await elsewhere.sees('SNAPSHOT_NEEDED')).to.include({ reason: 'epoch' });
    elsewhere.leave();
    const wrong = await fetch(`${addressOf(eventId)}?since=yesterday`);
    expect(wrong.status).to.equal(400);
    expect(await wrong.json()).to.include({ code: 'invalid_request' });
  });

  it('refuses more of an address than there may be, until one has left; ends all at a stop', async () => {
    const eventId = newId();
    const [one, two] = [await readStream(addressOf(eventId)), await readStream(addressOf(eventId))];
    const refused = await fetch(addressOf(eventId));
    expect(refused.status).to.equal(429);
    expect(refused.headers.get('retry-after')).to.equal('5');
    one.leave();
    await waitUntil('room', async () => {
      const next = await readStream(addressOf(eventId));
      if (next.response.status !== 200) return false;
      next.leave();
      return true;
    });
    await two.sees('SUBSCRIBED');
    await world.gateway.stop();
    await two.ended;
    expect(two.frames.map(({ type }) => type)).to.deep.equal(['SUBSCRIBED']);
  });

  it('ends the oldest of a user who opens too many, and tells it why; other users keep theirs', async () => {
    const [user, other] = [await world.login(), await world.login()];
    const open = ({ headers }: typeof user) =>
      readStream(`${world.gateway.url}/api/live/me`, headers);
    const kept = await open(other);
    const [oldest, next, newest] = [await open(user), await open(user), await open(user)];
    await oldest.ended;
    expect(oldest.frames.at(-1)).to.include({ type: 'ERROR', code: 'too_many_requests' });
    for (const stream of [kept, next, newest]) {
      const before = stream.comments();
      await waitUntil('a comment', () => stream.comments() > before);
      stream.leave();
    }
  });
});
