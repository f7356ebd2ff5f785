import type Joi from 'joi';
import { Fault } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Origin } from '../origin.ts';

/** The topics, by the noun whose messages they carry. The key is always the aggregate's id. */
export type Topic =
  | 'catalog.events'
  | 'catalog.holds'
  | 'booking.bookings'
  | 'booking.payments'
  | 'booking.tickets'
  | 'auth.users';

export const TOPICS: readonly Topic[] = [
  'catalog.events',
  'catalog.holds',
  'booking.bookings',
  'booking.payments',
  'booking.tickets',
  'auth.users',
];

/** A published message type: its name with major version, its schema and one golden example. */
export type Contract<D extends object> = {
  readonly type: string;
  readonly topic: Topic;
  readonly producer: 'catalog' | 'booking' | 'auth';
  /** Consumers among Holdfast's own services; others may subscribe freely. */
  readonly consumers: readonly string[];
  readonly summary: string;
  readonly schema: Joi.ObjectSchema<D>;
  readonly example: D;
};

/** A message as outboxes keep it and the bus carries it (CloudEvents 1.0 plus key and version). */
export type Message<D extends object = object> = {
  readonly id: string;
  readonly type: string;
  readonly topic: Topic;
  /** Aggregate id: all messages of one aggregate keep their order. */
  readonly key: string;
  /** Version of the aggregate after the change. */
  readonly version: number;
  /** Instant of the change, ISO 8601 in UTC. */
  readonly time: string;
  readonly origin: Origin;
  readonly data: D;
};

/**
 * Builds a message of a contract, checked against its schema: a service never stores
 * what its consumers could not read. Give `id` where a repeat must be the same message.
 */
export function newMessage<D extends object>(
  contract: Contract<D>,
  parts: { id?: string; key: string; version: number; time: Date; origin: Origin; data: D },
): Message<D> {
  const { error } = contract.schema.validate(parts.data, { convert: false });
  if (error) {
    throw new Fault('message_invalid', `${contract.type} breaks its contract: ${error.message}`, {
      retryable: false,
      cause: error,
    });
  }
  return {
    id: parts.id ?? newId(),
    type: contract.type,
    topic: contract.topic,
    key: parts.key,
    version: parts.version,
    time: parts.time.toISOString(),
    origin: parts.origin,
    data: parts.data,
  };
}

/** The data of a received message when it is of this contract; a Fault when it breaks it. */
export function readMessage<D extends object>(
  contract: Contract<D>,
  message: Message,
): Message<D> | undefined {
  if (message.type !== contract.type) return undefined;
  const { error, value } = contract.schema.validate(message.data, {
    convert: false,
    allowUnknown: true,
  });
  if (error) {
    throw new Fault('message_invalid', `${message.type} ${message.id}: ${error.message}`, {
      retryable: false,
      cause: error,
    });
  }
  return { ...message, data: value };
}
