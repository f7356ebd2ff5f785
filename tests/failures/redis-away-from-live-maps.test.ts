import { expectSuccess } from '@holdfast/demo/api.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { followEvent } from '../live-client.ts';
import { createEvent, freeSeats, registerBuyer, type System, sharedSystem } from '../system.ts';

describe('Redis that is away from live maps', () => {
  let system: System;
  before(async () => {
    system = await sharedSystem();
  });

  it('leaves sockets open and maps true within seconds; changes are live again when it is back', async () => {
    const { api, stack, services } = system;
    const eventId = await createEvent(system, 8);
    const seatIds = await freeSeats(api, eventId);
    const token = await registerBuyer(api);
    const map = await followEvent(services.urls.gateway, eventId);
    await map.seen('SUBSCRIBED');
    const hold = async (place: number) => {
      const body = { seatIds: [seatIds[place]] };
      const answer = await api.post(`/api/events/${eventId}/holds`, body, { token });
      return expectSuccess('The hold', answer);
    };
    const shows = (codes: string) => waitUntil(`the map ${codes}`, () => map.codes() === codes);
    await hold(0);
    await shows('10000000');
    await stack.stores.redis.kill();
    try {
      await map.seen('STALE');
      await hold(1);
      await shows('11000000');
    } finally {
      await stack.stores.redis.start();
    }
    await waitUntil('the map to be live', () =>
      ['SUBSCRIBED', 'SNAPSHOT_NEEDED'].includes(
        map.frames.findLast(({ type }) => type !== 'SEAT_CHANGES')?.type ?? '',
      ),
    );
    await hold(2);
    await shows('11100000');
    const late = await followEvent(services.urls.gateway, eventId);
    await waitUntil('the same for a newcomer', () => late.codes() === '11100000');
    await Promise.all([map.close(), late.close()]);
  });
});
