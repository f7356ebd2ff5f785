import type { Bus } from '@holdfast/shared/bus/bus.ts';
import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import { type BookingState, bookingConfirmed } from '@holdfast/shared/contracts/bookings.ts';
import { type Contract, type Message, newMessage } from '@holdfast/shared/contracts/contract.ts';
import { derivedId, newId } from '@holdfast/shared/ids.ts';
import { createLogger } from '@holdfast/shared/logger.ts';

/** Booking, as far as auth hears it: says what was sold and what was cancelled. */
export function playBooking(environment: { KAFKA_BROKERS: string; TOPIC_PREFIX: string }) {
  const bus: Bus = createKafkaBus({
    brokers: environment.KAFKA_BROKERS,
    clientId: 'booking-of-the-test',
    topicPrefix: environment.TOPIC_PREFIX,
    log: createLogger('booking-of-the-test', 'silent'),
  });

  /** The message about a booking of this user; the same one for the same parts. */
  function message(
    contract: Contract<BookingState>,
    parts: { userId: string; bookingId?: string; version?: number; time?: Date },
  ): Message {
    const { userId, bookingId = newId(), version = 4, time = new Date() } = parts;
    return newMessage(contract, {
      id: derivedId(bookingId, contract.type),
      key: bookingId,
      version,
      time,
      origin: { actor: `user:${userId}`, requestId: 'request-1', correlationId: 'journey-1' },
      data: { ...bookingConfirmed.example, bookingId, userId },
    });
  }

  return {
    bus,
    message,
    tell: (...messages: readonly Message[]) => bus.publish(messages),
    /** Sells so many bookings to the user; answers their ids. */
    async sell(userId: string, count: number): Promise<string[]> {
      const ids = Array.from({ length: count }, () => newId());
      await bus.publish(ids.map((bookingId) => message(bookingConfirmed, { userId, bookingId })));
      return ids;
    },
  };
}
