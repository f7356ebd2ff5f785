import { expectSuccess } from '@holdfast/demo/api.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { followEvent, type LiveMap } from '../live-client.ts';
import { createEvent, freeSeats, registerBuyer, type System, sharedSystem } from '../system.ts';

type Hold = { holdId: string; offer: string };

describe('watching seats live', () => {
  let system: System;
  let gateway: string;
  let eventId: string;
  let seatIds: string[];
  let buyer: string;
  const open: LiveMap[] = [];

  before(async () => {
    system = await sharedSystem();
    gateway = system.services.urls.gateway;
  });
  beforeEach(async () => {
    eventId = await createEvent(system, 8);
    seatIds = await freeSeats(system.api, eventId);
    buyer = await registerBuyer(system.api);
  });
  afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));

  async function follow(token?: string): Promise<LiveMap> {
    const map = await followEvent(gateway, eventId, token);
    open.push(map);
    await map.seen('SUBSCRIBED');
    return map;
  }

  async function hold(places: readonly number[], durationSeconds = 600): Promise<Hold> {
    const answer = await system.api.post<{ hold: Hold }>(
      `/api/events/${eventId}/holds`,
      { seatIds: places.map((place) => seatIds[place]), durationSeconds },
      { token: buyer },
    );
    return expectSuccess('The hold', answer).hold;
  }

  const shows = (map: LiveMap, codes: string, limitMs = 10_000) =>
    waitUntil(`the map ${codes}`, () => map.codes() === codes, { limitMs });

  it('shows holds and sales to everybody, and what is one’s own to oneself only', async () => {
    const mine = await follow(buyer);
    const other = await follow(await registerBuyer(system.api));
    expect(mine.codes()).to.equal('00000000');
    const { holdId, offer } = await hold([1, 2]);
    await Promise.all([shows(mine, '01100000'), shows(other, '01100000')]);
    const [taken] = await mine.seen('HOLD_CHANGED');
    expect(taken).to.deep.include({ change: 'taken' });
    expect(taken?.hold).to.include({ holdId, eventId });
    expect(taken?.hold).to.have.property('seatIds').with.length(2);
    const booking = await system.api.post(
      '/api/bookings',
      { offer, paymentMethod: 'pm_card_visa' },
      { token: buyer },
    );
    expectSuccess('The booking', booking);
    await Promise.all([shows(mine, '02200000'), shows(other, '02200000')]);
    await waitUntil('the confirmation', () =>
      mine.frames.some((one) => one.type === 'BOOKING_CHANGED' && one.change === 'confirmed'),
    );
    const types = new Set(other.frames.map(({ type }) => type));
    expect([...types].sort()).to.deep.equal(['SEAT_CHANGES', 'SUBSCRIBED', 'SUBSCRIBED_USER']);
  });

  it('shows a seat free again when its hold ends, given back or run out', async () => {
    const map = await follow();
    const given = await hold([0]);
    await shows(map, '10000000');
    expectSuccess('The release', await system.api.delete(`/api/holds/${given.holdId}`, buyer));
    await shows(map, '00000000');
    await hold([5], 1);
    await shows(map, '00000100');
    await shows(map, '00000000', 3_000);
    const late = await follow();
    await shows(late, '00000000');
  });
});
