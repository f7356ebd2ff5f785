import { newMessage } from '@holdfast/shared/contracts/contract.ts';
import { userRegistered } from '@holdfast/shared/contracts/users.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { makeOffer } from './catalog.ts';
import type { Client } from './client.ts';
import type { World } from './world.ts';

export type Person = Client & { email: string };

/** Somebody with an account that auth has told of. */
export async function register(world: World, name: string): Promise<Person> {
  const client = await world.login();
  const { userId } = client;
  const email = `${name.toLowerCase()}.${newId().slice(-12)}@example.org`;
  await world.bus.publish([
    newMessage(userRegistered, {
      key: userId,
      version: 1,
      time: new Date(0),
      origin: systemOrigin('auth-of-the-test', newId()),
      data: { userId, email, name, tier: 'regular', roles: ['user'] },
    }),
  ]);
  await waitUntil(`booking to know ${name}`, async () => {
    const known = await world.rows('select from projections.customers where user_id = $1', [
      userId,
    ]);
    return known.length === 1;
  });
  return { ...client, email };
}

/** A paid booking of a fresh event, two seats by default. */
export async function buy(
  world: World,
  buyer: Client,
  parts: Parameters<typeof makeOffer>[1] = {},
): Promise<{ bookingId: string; ticketIds: string[]; eventId: string }> {
  const offer = makeOffer(buyer.userId, parts);
  const { bookingId } = (await buyer.book(await world.signOffer(offer))).body.booking;
  const { seats } = await buyer.outcome(bookingId);
  const ticketIds = seats.map((seat: { ticketId: string }) => seat.ticketId);
  return { bookingId, ticketIds, eventId: offer.eventId };
}
