import { Kafka, logLevel } from 'kafkajs';

/** Deletes every topic whose name begins with the prefix: what a test's system leaves behind. */
export async function dropTopics(brokers: string, prefix: string): Promise<void> {
  if (prefix === '') throw new Error('Without a prefix this would delete every topic');
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}
