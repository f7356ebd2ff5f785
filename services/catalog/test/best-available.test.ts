import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { type Answer, startWorld, type User, type World } from './world.ts';

/** A plan of one section by a letter a seat: o ordinary, A accessible, C companion, x cheap. */
function hall(...rows: string[]) {
  return {
    categories: ['Stalls', 'Cheap'],
    sections: [
      {
        name: 'Hall',
        rows: rows.map((row, y) => ({
          name: String(y + 1),
          seats: [...row].flatMap((letter, x) =>
            letter === ' '
              ? []
              : [
                  {
                    seatId: `${y + 1}-${x + 1}`,
                    number: String(x + 1),
                    x,
                    y,
                    category: letter === 'x' ? 'Cheap' : 'Stalls',
                    flags: letter === 'A' ? ['accessible'] : letter === 'C' ? ['companion'] : [],
                  },
                ],
          ),
        })),
      },
    ],
  };
}
const PRICES = [
  { category: 'Stalls', priceMinor: 5_000 },
  { category: 'Cheap', priceMinor: 2_000 },
];

describe('best available', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  async function open(rows: string[], edit: object = {}): Promise<string> {
    const as = world.organizer;
    const plan = hall(...rows);
    const used = plan.categories.filter((name) => JSON.stringify(plan.sections).includes(name));
    const venue = await world.call('POST', '/api/venues', {
      as,
      body: { name: 'Hall', timeZone: 'Europe/Vienna', plan: { ...plan, categories: used } },
    });
    const event = await world.call('POST', '/api/events', {
      as,
      body: {
        venueId: venue.body.venue.venueId,
        name: 'Quartet',
        category: 'classical',
        startsAt: '2099-03-14T18:30:00.000Z',
        onSaleAt: '2020-01-01T00:00:00.000Z',
        prices: PRICES.filter(({ category }) => used.includes(category)),
        currency: 'EUR',
        status: 'published',
        ...edit,
      },
    });
    expect(event.status).to.equal(201);
    return event.body.event.eventId;
  }

  const best = (as: User, eventId: string, wish: object, key?: string): Promise<Answer> =>
    world.call('POST', `/api/events/${eventId}/holds`, {
      as,
      body: { bestAvailable: wish },
      ...(key !== undefined && { key }),
    });
  const preview = (eventId: string, query: string) =>
    world.call('GET', `/api/events/${eventId}/best-available?${query}`);
  const idsOf = (answer: Answer): string[] =>
    (answer.body.hold ?? answer.body).seats.map((seat: { seatId: string }) => seat.seatId);

  it('holds the seats that it showed, side by side in the middle of the front, and says why', async () => {
    const eventId = await open(['ooooooo', 'ooooooo']);
    const shown = await preview(eventId, 'partySize=3');
    expect(shown.status).to.equal(200);
    const held = await best(await world.user(), eventId, { partySize: 3 });
    expect(held.status).to.equal(201);
    expect(idsOf(held)).to.deep.equal(['1-3', '1-4', '1-5']);
    expect(shown.body).to.deep.equal({
      seats: held.body.hold.seats,
      totalMinor: 15_000,
      currency: 'EUR',
      reasons: held.body.hold.reasons,
    });
    expect(held.body.hold.reasons).to.deep.equal({
      spread: 'adjacent',
      leavesSingle: false,
      score: 91.1,
      rank: { place: 1, of: 10 },
      groups: [
        {
          section: 'Hall',
          row: '1',
          rowFromFront: 1,
          centrality: 0.78,
          seatIds: ['1-3', '1-4', '1-5'],
        },
      ],
    });
    const left = (await world.seats(eventId)).filter((seat) => seat.status === 'available');
    expect(left).to.have.length(11);
  });

  it('holds nothing by a preview', async () => {
    const eventId = await open(['ooo']);
    await preview(eventId, 'partySize=2');
    expect((await world.seats(eventId)).map((seat) => seat.version)).to.deep.equal([1, 1, 1]);
  });

  it('requires a login to hold, and none to look', async () => {
    const eventId = await open(['ooo']);
    const path = `/api/events/${eventId}`;
    const body = { bestAvailable: { partySize: 1 } };
    const answer = await world.call('POST', `${path}/holds`, { body });
    expect([answer.status, answer.body.code]).to.deep.equal([401, 'login_required']);
    expect((await preview(eventId, 'partySize=1')).status).to.equal(200);
  });

  it('takes seat ids or a wish, never both and never neither', async () => {
    const eventId = await open(['ooo']);
    const as = await world.user();
    for (const body of [{}, { seatIds: ['1-1'], bestAvailable: { partySize: 1 } }]) {
      const answer = await world.call('POST', `/api/events/${eventId}/holds`, { as, body });
      expect([answer.status, answer.body.code]).to.deep.equal([400, 'invalid_request']);
    }
  });

  it('keeps to category, highest price, section and needs', async () => {
    const eventId = await open(['ooAC', 'xxxx']);
    expect(idsOf(await preview(eventId, 'partySize=2'))).to.deep.equal(['1-1', '1-2']);
    expect(idsOf(await preview(eventId, 'partySize=2&category=Cheap'))).to.deep.equal([
      '2-1',
      '2-2',
    ]);
    expect(idsOf(await preview(eventId, 'partySize=2&maxPriceMinor=2000'))).to.deep.equal([
      '2-1',
      '2-2',
    ]);
    expect(idsOf(await preview(eventId, 'partySize=2&needs=accessible'))).to.deep.equal([
      '1-3',
      '1-4',
    ]);
    expect((await preview(eventId, 'partySize=2&section=Balcony')).status).to.equal(409);
  });

  it('refuses what does not fit, with what would be possible', async () => {
    const eventId = await open(['oo oo', 'xxx']);
    const wish = { partySize: 3, category: 'Stalls', spread: 'adjacent' };
    const { status, body } = await best(await world.user(), eventId, wish);
    const { code, free, largestTogether, categories } = body;
    expect({ status, code, free, largestTogether, categories }).to.deep.equal({
      status: 409,
      code: 'no_fitting_seats',
      free: 4,
      largestTogether: 2,
      categories: [
        { category: 'Stalls', priceMinor: 5_000, free: 4, largestTogether: 2 },
        { category: 'Cheap', priceMinor: 2_000, free: 3, largestTogether: 3 },
      ],
    });
    const many = await best(await world.user(), eventId, { partySize: 7 });
    expect([many.status, many.body.code]).to.deep.equal([422, 'too_many_seats']);
  });

  it('says what there is in place of what the event does not have', async () => {
    const eventId = await open(['Aoo', 'xxx']);
    const buyer = await world.user();
    await world.take(buyer, eventId, ['1-1']);
    const details = [];
    for (const wish of [
      { category: 'Box' },
      { section: 'Balcony' },
      { needs: ['sofa'] },
      { needs: ['accessible'] },
      { maxPriceMinor: 1_000 },
    ]) {
      const { body } = await best(buyer, eventId, { partySize: 2, ...wish });
      details.push([body.code, body.detail]);
    }
    expect(details).to.deep.equal(
      [
        'The event has no category Box; it has Stalls, Cheap.',
        'The event has no section Balcony; it has Hall.',
        'No seat of the event has sofa; its flags are accessible.',
        'No 2 seats fit the wish: 5 are free, at most 3 side by side, 0 of them accessible. ' +
          'Ask for fewer, elsewhere, or with a wider spread.',
        'Nothing that you ask for costs 10.00 EUR or less; the event begins at 20.00 EUR.',
      ].map((detail) => ['no_fitting_seats', detail]),
    );
  });

  it('holds nothing before the sale opens, of a draft or of a cancelled event', async () => {
    const later = await open(['ooo'], { onSaleAt: '2099-01-01T00:00:00.000Z' });
    const draft = await open(['ooo'], { status: 'draft' });
    const cancelled = await open(['ooo']);
    await world.call('PATCH', `/api/events/${cancelled}`, {
      as: world.organizer,
      body: { status: 'cancelled' },
    });
    const buyer = await world.user();
    const codes = [];
    for (const eventId of [later, draft, cancelled, newId()]) {
      codes.push((await best(buyer, eventId, { partySize: 2 })).body.code);
      expect((await world.seats(eventId)).filter((seat) => seat.version > 1)).to.deep.equal([]);
    }
    expect(codes).to.deep.equal([
      'event_not_on_sale',
      'event_not_found',
      'event_cancelled',
      'event_not_found',
    ]);
  });

  it('counts towards the limit of an account like any other hold', async () => {
    const eventId = await open(['oooooo'], { maxPerUser: 3 });
    const buyer = await world.user();
    expect((await best(buyer, eventId, { partySize: 2 })).status).to.equal(201);
    const more = await best(buyer, eventId, { partySize: 2 });
    expect([more.status, more.body.code]).to.deep.equal([409, 'quota_exceeded']);
    expect((await best(await world.user(), eventId, { partySize: 3 })).status).to.equal(201);
  });

  it('answers a repeat with its hold though another choice would be made now, refuses another wish', async () => {
    const eventId = await open(['oooooo']);
    const buyer = await world.user();
    const key = newId();
    const first = await best(buyer, eventId, { partySize: 2 }, key);
    const again = await best(buyer, eventId, { partySize: 2 }, key);
    expect([again.status, again.body.hold.holdId]).to.deep.equal([201, first.body.hold.holdId]);
    expect(again.body.hold.reasons).to.deep.equal(first.body.hold.reasons);
    const other = await best(buyer, eventId, { partySize: 3 }, key);
    expect(other.body.code).to.equal('idempotency_key_reused');
    expect((await world.holds()).filter((hold) => hold.eventId === eventId)).to.have.length(1);
  });

  it('gives seats that were given back, or whose hold has run out, and none held by others', async () => {
    const eventId = await open(['oooo']);
    const [holder, rival] = [await world.user(), await world.user()];
    const given = await best(holder, eventId, { partySize: 4 });
    expect((await best(rival, eventId, { partySize: 1 })).body.code).to.equal('no_fitting_seats');
    await world.call('DELETE', `/api/holds/${given.body.hold.holdId}`, { as: holder });
    await world.catalog.sweeper.stop();
    await world.take(holder, eventId, idsOf(given), 1);
    expect((await best(rival, eventId, { partySize: 1 })).body.code).to.equal('no_fitting_seats');
    const taken = await waitUntil('the hold to run out', async () => {
      const answer = await best(rival, eventId, { partySize: 4 });
      return answer.status === 201 && answer;
    });
    expect(idsOf(taken)).to.deep.equal(idsOf(given));
    world.catalog.sweeper.start();
  });

  it('serves 160 parties at once on 8,000 seats, each whole and side by side', async function () {
    this.timeout(60_000);
    const eventId = await open(Array.from({ length: 80 }, () => 'o'.repeat(100)));
    const sizes = Array.from({ length: 160 }, (_, n) => (n % 6) + 1);
    const buyers = await Promise.all(sizes.map(() => world.user()));
    const answers = await Promise.all(
      sizes.map((partySize, n) => best(buyers[n] as User, eventId, { partySize })),
    );
    await expectServed(eventId, sizes, answers);
  });

  it('fills a small house to the last seat by parties at once, and refuses only what is left over', async () => {
    const eventId = await open(['oooooo', 'oooooo', 'oooooo', 'oooooo']);
    const buyers = await Promise.all(Array.from({ length: 20 }, () => world.user()));
    const answers = await Promise.all(
      buyers.map((buyer) => best(buyer, eventId, { partySize: 2 })),
    );
    const codes = Object.groupBy(answers, (one) => one.body.code ?? 'held');
    expect(codes.held).to.have.length(12);
    expect(codes.no_fitting_seats).to.have.length(8);
    const statuses = new Set((await world.seats(eventId)).map((seat) => seat.status));
    expect(statuses).to.deep.equal(new Set(['held']));
  });

  it('serves 160 parties of two processes at once while there is a fitting run', async function () {
    this.timeout(120_000);
    const eventId = await open(Array.from({ length: 80 }, () => 'o'.repeat(100)));
    const other = await startProcess(world);
    try {
      const sizes = Array.from({ length: 160 }, (_, n) => (n % 6) + 1);
      const buyers = await Promise.all(sizes.map(() => world.user()));
      const answers = await Promise.all(
        sizes.map((partySize, n) =>
          n % 2 === 0
            ? best(buyers[n] as User, eventId, { partySize })
            : bestAt(other.url, buyers[n] as User, eventId, partySize),
        ),
      );
      await expectServed(eventId, sizes, answers);
    } finally {
      await other.stop();
    }
  });

  /** Each party has as many seats side by side as it is people, and no seat is anybody else's. */
  async function expectServed(eventId: string, sizes: number[], answers: Answer[]) {
    expect(answers.map((one) => one.body.code ?? one.status)).to.deep.equal(sizes.map(() => 201));
    const seats = await world.seats(eventId);
    const orderOf = new Map(seats.map((seat) => [seat.seatId, seat.order]));
    const holdOf = new Map(seats.map((seat) => [seat.seatId, seat.hold?.id]));
    const given = answers.map(idsOf);
    expect(given.map((ids) => ids.length)).to.deep.equal(sizes);
    expect(new Set(given.flat()).size).to.equal(given.flat().length);
    given.forEach((ids, n) => {
      expect(ids.map((seatId) => holdOf.get(seatId))).to.deep.equal(
        ids.map(() => answers[n]?.body.hold.holdId),
      );
      const [first = 0] = ids.map((seatId) => orderOf.get(seatId) ?? -1);
      expect(ids.map((seatId) => orderOf.get(seatId))).to.deep.equal(ids.map((_, k) => first + k));
      expect(answers[n]?.body.hold.reasons.spread).to.equal('adjacent');
    });
    const held = seats.filter((seat) => seat.status === 'held');
    expect(held).to.have.length(given.flat().length);
  }
});

async function bestAt(url: string, as: User, eventId: string, partySize: number): Promise<Answer> {
  const response = await fetch(`${url}/api/events/${eventId}/holds`, {
    method: 'POST',
    headers: { authorization: `Bearer ${as.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ bestAvailable: { partySize } }),
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

/** The same catalog in a process of its own. */
async function startProcess(world: World) {
  const main = new URL('../src/main.ts', import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH ?? '', ...world.environment, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await urlOf(child);
  await waitUntil('the second process', async () => (await fetch(`${url}/readyz`)).ok);
  return {
    url,
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function urlOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the process has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const logged = JSON.parse(line) as { event: string; url: string };
    if (logged.event === 'service.started') {
      child.stdout.resume();
      return logged.url;
    }
  }
  throw new Error('the process ended before it had started');
}
