import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { cached, exists } from './cache.ts';
import { type Server, startServer } from './child.ts';
import { installPackages } from './debian.ts';
import { findJava } from './java.ts';
import { SetupError } from './setup-error.ts';
import { givenStore, ownStore, type SetupContext, type StoreHandle } from './store.ts';
import { findProgram, runTool } from './tool.ts';

const KAFKA_VERSION = '4.3.0';
const LOG4J_VERSION = '2.25.1';

export interface KafkaPorts {
  readonly broker: number;
  readonly controller: number;
}

/** Kafka 4, one KRaft node: KAFKA_BROKERS, the jars of KAFKA_HOME, or those of Maven. */
export async function findKafka(context: SetupContext, ports: KafkaPorts): Promise<StoreHandle> {
  const given = context.env.KAFKA_BROKERS;
  if (given) {
    await askKafka(given).catch((cause) => {
      throw new SetupError(
        `KAFKA_BROKERS is set, but no broker answers at ${given}.`,
        'Start that broker, or unset KAFKA_BROKERS to let Holdfast bring up its own.',
        { cause },
      );
    });
    const version = 'unknown (brokers do not tell)';
    return givenStore({ name: 'kafka', url: given, version, variable: 'KAFKA_BROKERS' });
  }
  const jars = await findJars(context);
  const java = await findJava(context);
  const folder = join(context.dataDir, 'kafka');
  await mkdir(folder, { recursive: true });
  await formatLog(context, [java, '-cp', `${jars.folder}/*`], folder, ports);
  const settings = join(folder, 'server.properties');
  await writeFile(settings, kafkaSettings(ports, join(folder, 'log')));
  const url = `127.0.0.1:${ports.broker}`;
  const launch = async (): Promise<Server[]> => {
    context.step.update('starting');
    const server = await startServer({
      name: 'Kafka',
      command: [
        ...[java, '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
        ...['-cp', `${jars.folder}/*`, 'kafka.Kafka', settings],
      ],
      folder,
      logFile: join(context.dataDir, 'logs/kafka.log'),
      env: context.env,
      stopSignal: 'TERM',
      ready: () => askKafka(url),
      signal: context.signal,
    });
    return [server];
  };
  const { version, source, passedOver } = jars;
  return ownStore({ name: 'kafka', url, version, source, passedOver, launch }, await launch());
}

interface Jars {
  readonly folder: string;
  readonly version: string;
  readonly source: string;
  readonly passedOver: readonly string[];
}

async function findJars(context: SetupContext): Promise<Jars> {
  const home = context.env.KAFKA_HOME;
  if (home) {
    const folder = join(home, 'libs');
    const version = await jarVersion(folder);
    if (version) return { folder, version, source: `KAFKA_HOME, ${home}`, passedOver: [] };
    throw new SetupError(
      `KAFKA_HOME is ${home}, but ${folder} has no Kafka.`,
      'Set KAFKA_HOME to an unpacked Kafka 4, or unset it to let Holdfast fetch its own.',
    );
  }
  const built = await fetchJars(context);
  const source = `Apache Kafka's jars by Maven, in ${built}`;
  const folder = join(built, 'libs');
  return { folder, version: KAFKA_VERSION, source, passedOver: ['KAFKA_HOME is not set'] };
}

async function jarVersion(folder: string): Promise<string | undefined> {
  const files = await readdir(folder).catch(() => []);
  return files.map((file) => /^kafka_2\.\d+-(\d[\d.]*)\.jar$/.exec(file)?.[1]).find(Boolean);
}

async function fetchJars(context: SetupContext): Promise<string> {
  const { cache, env, signal, step } = context;
  return cached(
    cache,
    `kafka-${KAFKA_VERSION}`,
    async (folder) => {
      if (!(await findProgram('mvn', env))) await installPackages(context, ['maven'], 'Kafka');
      step.update("fetching Kafka's jars");
      await writeFile(join(folder, 'pom.xml'), POM);
      const copy = ['dependency:copy-dependencies', '-DoutputDirectory=libs'];
      const command = ['mvn', '-q', '-B', ...copy, '-DincludeScope=runtime'];
      await runTool(command, { env, cwd: folder, signal }).catch((cause) => {
        signal?.throwIfAborted();
        throw new SetupError(
          `Maven could not fetch Kafka's jars.\n${cause instanceof Error ? cause.message : ''}`,
          'Check the connection to the Maven repository, or set KAFKA_HOME or KAFKA_BROKERS.',
          { cause },
        );
      });
      await rm(join(folder, 'target'), { recursive: true, force: true });
    },
    signal,
  );
}

function dependency(group: string, artifact: string, version: string): string {
  return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>holdfast</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION)}
${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J_VERSION)}
${dependency('org.apache.logging.log4j', 'log4j-core', LOG4J_VERSION)}
</dependencies>
</project>
`;

/** Formats the log under a temporary name, so that an interrupted formatting starts clean. */
async function formatLog(
  context: SetupContext,
  java: readonly string[],
  folder: string,
  ports: KafkaPorts,
): Promise<void> {
  if (await exists(join(folder, 'log'))) return;
  const unfinished = join(folder, 'log.unfinished');
  await rm(unfinished, { recursive: true, force: true });
  context.step.update('formatting its log');
  const settings = join(folder, 'format.properties');
  await writeFile(settings, kafkaSettings(ports, unfinished));
  const format = ['kafka.tools.StorageTool', 'format', '-t', newClusterId(), '-c', settings];
  await runTool([...java, ...format], context);
  await rename(unfinished, join(folder, 'log'));
}

/** A random id in Kafka's form. It never begins with "-", which the tool would take for an option. */
export function newClusterId(bytes: Buffer = randomBytes(16)): string {
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('base64url');
}

/**
 * One node that is broker and controller. Every append is flushed, for there is no replica. A
 * killed broker is let back in only when its old session has ended, so that is kept short.
 */
export function kafkaSettings(ports: KafkaPorts, log: string): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports.controller}
listeners=PLAINTEXT://127.0.0.1:${ports.broker},CONTROLLER://127.0.0.1:${ports.controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${ports.broker}
controller.listener.names=CONTROLLER
log.dirs=${log}
log.flush.interval.messages=1
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
num.partitions=6
offsets.topic.num.partitions=10
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
`;
}

/** Throws unless a broker answers. */
export async function askKafka(brokers: string): Promise<void> {
  const kafka = new Kafka({
    clientId: 'holdfast-stack',
    brokers: brokers.split(','),
    connectionTimeout: 2000,
    requestTimeout: 3000,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { brokers: found } = await admin.describeCluster();
    if (found.length === 0) throw new Error('the cluster has no broker yet');
  } finally {
    await admin.disconnect();
  }
}
