import type { Bus } from '@holdfast/shared/bus/bus.ts';
import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { type Contract, type Message, newMessage } from '@holdfast/shared/contracts/contract.ts';
import { type EventState, eventCreated } from '@holdfast/shared/contracts/events.ts';
import { type HoldChange, holdPinned, holdPinRefused } from '@holdfast/shared/contracts/holds.ts';
import type { Offer } from '@holdfast/shared/contracts/offer.ts';
import { derivedId, newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';

/** How the test's catalog answers when it is asked for a pin. */
export type PinPolicy = 'pin' | 'refuse' | 'silent';

/** Catalog, as far as booking sees it: answers pins and remembers what it was told. */
export function playCatalog(bus: Bus) {
  const policies = new Map<string, PinPolicy>();
  const received: Message[] = [];
  const origin = systemOrigin('catalog-of-the-test', newId());

  function holdMessage(
    contract: Contract<HoldChange>,
    booking: BookingState,
    parts: { id?: string; reason?: string } = {},
  ): Message {
    const pinned = contract === holdPinned;
    return newMessage(contract, {
      id: parts.id ?? derivedId(booking.pinId, contract.type),
      key: booking.holdId,
      version: 2,
      time: new Date(0),
      origin,
      data: {
        holdId: booking.holdId,
        eventId: booking.eventId,
        userId: booking.userId,
        seats: pinned
          ? booking.seats.map(({ seatId }) => ({
              seatId,
              version: 2,
              status: 'committing' as const,
            }))
          : [],
        expiresAt: null,
        pinId: booking.pinId,
        bookingId: booking.bookingId,
        ...(parts.reason && { reason: parts.reason }),
      },
    });
  }

  /** Each hold of a booking for itself, as if it were all. */
  const holdsOf = (booking: BookingState): BookingState[] =>
    booking.holds?.map((hold) => ({
      ...booking,
      ...hold,
      seats: booking.seats.filter(({ seatId }) => hold.seatIds.includes(seatId)),
    })) ?? [booking];

  async function answer(booking: BookingState): Promise<void> {
    const retake = booking.retakes === undefined ? undefined : policies.get('retakes');
    const policy = retake ?? policies.get(booking.holdId) ?? 'pin';
    if (policy === 'pin') await bus.publish([holdMessage(holdPinned, booking)]);
    if (policy === 'refuse') {
      await bus.publish([holdMessage(holdPinRefused, booking, { reason: 'hold_expired' })]);
    }
  }

  const subscription = bus.subscribe({
    group: 'catalog-of-the-test',
    topics: ['booking.bookings', 'booking.payments', 'booking.tickets'],
    async onMessage(message) {
      if (message.type === 'booking.authorized.v1') {
        for (const hold of holdsOf(message.data as BookingState)) await answer(hold);
      }
      received.push(message);
    },
  });

  /** Messages about a booking or its payment, in order of arrival. */
  const about = (bookingId: string) =>
    received.filter(({ data }) => (data as { bookingId?: string }).bookingId === bookingId);

  return {
    joined: subscription.joined,
    policies,
    holdMessage,
    about,
    /** Messages about a ticket, each once. */
    aboutTicket: (ticketId: string) => [
      ...new Map(
        received.filter(({ key }) => key === ticketId).map((message) => [message.id, message]),
      ).values(),
    ],
    typesAbout: (bookingId: string) => about(bookingId).map(({ type }) => type),
    /** The same, each message once: the bus may deliver one again. */
    firstTypesAbout: (bookingId: string) =>
      [...new Map(about(bookingId).map((message) => [message.id, message])).values()].map(
        ({ type }) => type,
      ),
    /** The first message of a type about a booking, once it has come. */
    hears: (bookingId: string, type: string) =>
      waitUntil(`${type} of ${bookingId}`, () => about(bookingId).find((one) => one.type === type)),
    async publishEvent(
      contract: Contract<EventState>,
      event: Partial<EventState> & { eventId: string },
      version: number,
    ): Promise<void> {
      const data = { ...eventCreated.example, ...event };
      const message = newMessage(contract, {
        key: event.eventId,
        version,
        time: new Date(0),
        origin,
        data,
      });
      await bus.publish([message]);
    },
  };
}

/** An offer of fresh seats of a fresh event to this user. */
export function makeOffer(userId: string, parts: Partial<Offer> = {}): Offer {
  const seats = parts.seats ?? [makeSeat('A-1'), makeSeat('A-2')];
  return {
    holdId: newId(),
    userId,
    eventId: newId(),
    eventName: 'Beethoven: the late quartets',
    venueName: 'Kammersaal am Fluss',
    startsAt: '2027-03-14T18:30:00.000Z',
    timeZone: 'Europe/Vienna',
    seats,
    currency: 'EUR',
    totalMinor: seats.reduce((sum, seat) => sum + seat.priceMinor, 0),
    maxPerUser: 12,
    expiresAt: '2999-01-01T00:00:00.000Z',
    ...parts,
  };
}

export function makeSeat(seatId: string, priceMinor = 4_800): Offer['seats'][number] {
  const [row = '', number = ''] = seatId.split('-');
  return { seatId, label: seatId, section: 'Stalls', row, number, category: 'Stalls', priceMinor };
}
