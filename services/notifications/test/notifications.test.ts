import {
  bookingConfirmed,
  bookingFailed,
  bookingPlaced,
} from '@holdfast/shared/contracts/bookings.ts';
import { eventCreated, eventUpdated } from '@holdfast/shared/contracts/events.ts';
import { holdEndingSoon } from '@holdfast/shared/contracts/holds.ts';
import { userRegistered, userUpdated } from '@holdfast/shared/contracts/users.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type pg from 'pg';
import type { Mail } from '../src/mail.ts';
import { startWorld, type World } from './world.ts';

describe('notifications', () => {
  let world: World;
  let running: Awaited<ReturnType<World['start']>>;
  let owner: pg.Client;

  before(async () => {
    world = await startWorld();
    running = await world.start();
    await running.joined;
    owner = await world.connect();
  });
  after(async () => {
    await owner.end();
    await running.stop();
    await world.stop();
  });

  const stateOf = async (messageId: string) =>
    (
      await owner.query<{ state: string }>('select state from mails where message_id = $1', [
        messageId,
      ])
    ).rows[0]?.state;
  const mailTo = (name: string) => running.sent.filter(({ to }) => to.startsWith(`${name} <`));

  /** A booking of this user's, of an event that is known. */
  async function confirmed(userId: string) {
    const { eventId } = bookingConfirmed.example;
    await world.publish(world.message(eventCreated, { eventId }, { key: eventId }));
    return world.message(bookingConfirmed, { userId, bookingId: newId() });
  }

  it('send one mail a message though it comes twice, none of what concerns nobody', async () => {
    const userId = await world.meet('Ada');
    const [one, two] = [await confirmed(userId), await confirmed(userId)];
    const placed = world.message(bookingPlaced, { userId });
    await world.publish(one, placed, one, two);
    await world.publish(two, one);
    const after = [one, two].map(({ key }) => world.message(bookingFailed, { userId }, { key }));
    await world.publish(...after);
    for (const { id } of after) {
      await waitUntil('those that came after', async () => (await stateOf(id)) === 'sent');
    }
    expect(mailTo('Ada').map(({ messageId }) => messageId)).to.have.members(
      [one, two, ...after].map(({ id }) => `<${id}@holdfast>`),
    );
    expect(await stateOf(placed.id)).to.equal(undefined);
  });

  it('wait for the account and the event that they name, and take the newest of both', async () => {
    const [userId, eventId] = [newId(), newId()];
    const booking = world.message(bookingConfirmed, { userId, eventId });
    await world.publish(booking);
    await waitUntil('the mail', async () => (await stateOf(booking.id)) === 'waiting');
    const user = { userId, email: 'bo@example.org' };
    await world.publish(
      world.message(userUpdated, { ...user, name: 'Bo Holm' }, { key: userId, version: 2 }),
      world.message(userRegistered, { ...user, name: 'Bo' }, { key: userId, time: new Date(0) }),
    );
    await running.sending.drain();
    expect(await stateOf(booking.id)).to.equal('waiting');
    await world.publish(
      world.message(eventUpdated, { eventId, name: 'Hamlet' }, { key: eventId, version: 2 }),
      world.message(eventCreated, { eventId, name: 'Macbeth' }, { key: eventId }),
    );
    await waitUntil('it to be sent', async () => (await stateOf(booking.id)) === 'sent');
    expect(mailTo('Bo Holm').map(({ subject }) => subject)).to.deep.equal(['Your tickets: Hamlet']);
  });

  it('go without what is still unknown after a minute', async () => {
    const userId = newId();
    const booking = world.message(bookingConfirmed, { userId, eventId: newId() });
    await world.publish(booking);
    await waitUntil('the mail', async () => (await stateOf(booking.id)) === 'waiting');
    await owner.query(
      `update mails set received_at = received_at - interval '61 s' where message_id = $1`,
      [booking.id],
    );
    await waitUntil('it to be sent', async () => (await stateOf(booking.id)) === 'sent');
    expect(running.sent.at(-1)).to.deep.include({
      ...{ to: `user ${userId}`, subject: 'Your tickets: your event' },
    });
  });

  it('are dropped once they are of no use: a hold that has ended is not about to', async () => {
    const userId = await world.meet('Cy');
    const { eventId } = holdEndingSoon.example;
    const [past, soon] = [-1_000, 600_000].map((ms) =>
      world.message(holdEndingSoon, {
        ...{ userId, eventId, expiresAt: new Date(Date.now() + ms).toISOString() },
      }),
    );
    if (!past || !soon) expect.fail('two messages');
    await world.publish(past, soon, world.message(eventCreated, { eventId }, { key: eventId }));
    await waitUntil('the one of use', async () => (await stateOf(soon.id)) === 'sent');
    await waitUntil('the late one', async () => (await stateOf(past.id)) === 'too_late');
    expect(mailTo('Cy')).to.have.length(1);
  });

  it('pass over a message that breaks its contract, and go on with those after it', async () => {
    const userId = await world.meet('Di');
    const good = await confirmed(userId);
    const broken = { ...(await confirmed(userId)), key: good.key, data: { userId } };
    await world.publish(broken, good);
    await waitUntil('the good one', async () => (await stateOf(good.id)) === 'sent');
    expect(await stateOf(broken.id)).to.equal(undefined);
  });

  it('put aside a mail that can not be written, and go on with those after it', async () => {
    const [userId, eventId] = [await world.meet('Hal'), newId()];
    const timeZone = 'Mars/Olympus';
    await world.publish(world.message(eventCreated, { eventId, timeZone }, { key: eventId }));
    const unwritable = world.message(bookingConfirmed, { userId, eventId });
    const good = await confirmed(userId);
    await world.publish(unwritable);
    await waitUntil('the one', async () => (await stateOf(unwritable.id)) === 'unwritable');
    await world.publish(good);
    await waitUntil('the good one', async () => (await stateOf(good.id)) === 'sent');
    expect(mailTo('Hal')).to.have.length(1);
  });

  it('repeat at most the one mail that was on its way when sending failed', async () => {
    await running.stop();
    const userId = await world.meet('Eve');
    const tried: Mail[] = [];
    const failing = await world.start({
      send(mail) {
        tried.push(mail);
        if (tried.length === 2) throw new Error('The process dies here');
      },
    });
    const messages = [await confirmed(userId), await confirmed(userId), await confirmed(userId)];
    await world.publish(...messages);
    for (const { id } of messages) {
      await waitUntil('all to be sent', async () => (await stateOf(id)) === 'sent');
    }
    await failing.stop();
    const ids = tried.map(({ messageId }) => messageId);
    expect(ids).to.have.length(4);
    expect(ids[1]).to.equal(ids[2]);
    expect(new Set(ids).size).to.equal(3);
    running = await world.start();
  });
});

describe('notifications that are started for the first time', () => {
  it('leave what was before untold, until they are asked to begin at the beginning', async () => {
    const world = await startWorld();
    await world.meet('Fay', new Date(Date.now() - 86_400_000));
    const first = await world.start();
    await first.joined;
    await world.meet('Gus', new Date(Date.now() + 1_000));
    await waitUntil('the new one', () => first.sent.length > 0);
    const owner = await world.connect();
    await waitUntil('the old one', async () => {
      const { rows } = await owner.query(`select 1 from mails where state = 'from_before'`);
      return rows.length === 1;
    });
    await first.stop();
    expect(first.sent.map(({ to }) => to)).to.deep.equal(['Gus <Gus@example.org>']);
    const second = await world.start({ fromBeginning: true });
    await waitUntil('the old one', () => second.sent.length > 0);
    await second.sending.drain();
    await second.stop();
    expect(second.sent.map(({ to }) => to)).to.deep.equal(['Fay <Fay@example.org>']);
    await owner.end();
    await world.stop();
  });
});
