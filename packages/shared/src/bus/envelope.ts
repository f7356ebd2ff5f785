import type { IHeaders } from 'kafkajs';
import { type Message, TOPICS, type Topic } from '../contracts/contract.ts';
import { Fault } from '../errors.ts';

/** A record as Kafka keeps it. */
export type KafkaRecord = { key: string; value: string; headers: Record<string, string> };

/**
 * CloudEvents 1.0, Kafka protocol binding, binary mode: attributes are `ce_` headers, the
 * data alone is the value. Extensions carry the aggregate's version and the origin.
 */
export function toRecord(message: Message): KafkaRecord {
  return {
    key: message.key,
    value: JSON.stringify(message.data),
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ce_specversion: '1.0',
      ce_id: message.id,
      ce_type: message.type,
      ce_source: `/holdfast/${message.topic.split('.')[0]}`,
      ce_subject: message.key,
      ce_time: message.time,
      ce_aggregateversion: String(message.version),
      ce_actor: message.origin.actor,
      ce_requestid: message.origin.requestId,
      ce_correlationid: message.origin.correlationId,
    },
  };
}

/** Reads a record back; throws a Fault `record_unreadable` that will not get better by itself. */
export function fromRecord(
  topic: string,
  record: { key: Buffer | null; value: Buffer | null; headers?: IHeaders | undefined },
): Message {
  const header = (name: string): string => {
    const value = record.headers?.[name];
    if (value === undefined || Array.isArray(value)) throw unreadable(`header ${name} is missing`);
    return value.toString();
  };
  if (record.key === null || record.value === null) throw unreadable('key or value is missing');
  let data: unknown;
  try {
    data = JSON.parse(record.value.toString());
  } catch (cause) {
    throw unreadable('the value is not JSON', cause);
  }
  if (typeof data !== 'object' || data === null) throw unreadable('the value is not an object');
  const version = Number(header('ce_aggregateversion'));
  if (!Number.isSafeInteger(version)) throw unreadable('ce_aggregateversion is not a number');
  return {
    id: header('ce_id'),
    type: header('ce_type'),
    topic: asTopic(topic),
    key: record.key.toString(),
    version,
    time: header('ce_time'),
    origin: {
      actor: header('ce_actor'),
      requestId: header('ce_requestid'),
      correlationId: header('ce_correlationid'),
    },
    data,
  };
}

function asTopic(name: string): Topic {
  const topic = TOPICS.find((known) => known === name);
  if (topic === undefined) throw unreadable(`the topic ${name} is not one of Holdfast's`);
  return topic;
}

function unreadable(why: string, cause?: unknown): Fault {
  return new Fault('record_unreadable', `A record can not be read: ${why}`, {
    retryable: false,
    cause,
  });
}
