import { type BookingState, bookingConfirmed } from '@holdfast/shared/contracts/bookings.ts';
import { type Contract, newMessage } from '@holdfast/shared/contracts/contract.ts';
import { type HoldChange, holdPinUnsettled, holdTaken } from '@holdfast/shared/contracts/holds.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { readStream } from './event-stream.ts';
import { type Client, type LiveWorld, startLiveWorld } from './live-world.ts';

describe('a user’s own changes', () => {
  let world: LiveWorld;
  before(async () => {
    world = await startLiveWorld();
    await world.gateway.heard;
    // Where the gateway's "now" lies is settled a moment after it joined its group.
    const { client, user } = await follow();
    await waitUntil('changes to be heard', async () => {
      await publish(holdTaken, { ...holdTaken.example, userId: user.userId });
      return client.ofType('HOLD_CHANGED').length > 0;
    });
  });
  after(() => world.stop());

  async function follow(): Promise<{
    client: Client;
    user: Awaited<ReturnType<LiveWorld['login']>>;
  }> {
    const user = await world.login();
    const client = await world.connect(await world.ticketFor(user));
    client.send({ type: 'SUBSCRIBE_USER' });
    await client.sees('SUBSCRIBED_USER');
    return { client, user };
  }

  function publish<D extends HoldChange | BookingState>(contract: Contract<D>, data: D) {
    const key = newId();
    const message = newMessage(contract, {
      key,
      version: 3,
      time: new Date(),
      origin: systemOrigin('test', 'test'),
      data,
    });
    return world.bus.publish([message]).then(() => message);
  }

  it('come to every socket of the user as they are published, to nobody else', async () => {
    const { client, user } = await follow();
    const second = await world.connect(await world.ticketFor(user));
    second.send({ type: 'SUBSCRIBE_USER' });
    const { client: stranger, user: other } = await follow();
    const withoutAsking = await world.connect(await world.ticketFor(user));
    const hold: HoldChange = { ...holdTaken.example, userId: user.userId };
    const { time } = await publish(holdTaken, hold);
    const { holdId, eventId, seats, expiresAt } = hold;
    const expected = {
      type: 'HOLD_CHANGED',
      change: 'taken',
      version: 3,
      time,
      hold: { holdId, eventId, seats, expiresAt },
    };
    expect(await client.sees('HOLD_CHANGED')).to.deep.equal(expected);
    expect(await second.sees('HOLD_CHANGED')).to.deep.equal(expected);
    await publish(holdTaken, { ...hold, userId: other.userId });
    await stranger.sees('HOLD_CHANGED');
    expect(stranger.ofType('HOLD_CHANGED')).to.have.length(1);
    expect(client.ofType('HOLD_CHANGED')).to.have.length(1);
    expect(withoutAsking.frames).to.deep.equal([]);
  });

  it('tell of bookings without the pin, and not of what services remind one another of', async () => {
    const { client, user } = await follow();
    await publish(holdPinUnsettled, { ...holdPinUnsettled.example, userId: user.userId });
    const booking: BookingState = { ...bookingConfirmed.example, userId: user.userId };
    const { time } = await publish(bookingConfirmed, booking);
    const { pinId: _pinId, userId: _userId, ...told } = booking;
    expect(await client.sees('BOOKING_CHANGED')).to.deep.equal({
      type: 'BOOKING_CHANGED',
      change: 'confirmed',
      version: 3,
      time,
      booking: told,
    });
    // Another key may come by another way, so the hold's is waited for by one more hold.
    await publish(holdTaken, { ...holdTaken.example, userId: user.userId });
    await client.sees('HOLD_CHANGED');
    expect(client.ofType('HOLD_CHANGED').map(({ change }) => change)).to.deep.equal(['taken']);
  });

  it('come as server-sent events too, with a login', async () => {
    const user = await world.login();
    const url = `${world.gateway.url}/api/live/me`;
    const stream = await readStream(url, user.headers);
    await stream.sees('SUBSCRIBED_USER');
    await publish(holdTaken, { ...holdTaken.example, userId: newId() });
    await publish(holdTaken, { ...holdTaken.example, userId: user.userId });
    expect(await stream.sees('HOLD_CHANGED')).to.include({ change: 'taken' });
    expect(stream.ofType('HOLD_CHANGED')).to.have.length(1);
    stream.leave();
    const nobody = await fetch(url);
    expect(nobody.status).to.equal(401);
    expect(await nobody.json()).to.include({ code: 'login_required' });
  });
});
