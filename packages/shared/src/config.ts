import Joi from 'joi';

/** Thrown when the environment is not usable; lists every fault at once. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/**
 * Reads a service's settings from the environment by one Joi schema whose keys are
 * the variables' names. Returns a frozen object; throws ConfigError with all faults.
 */
export function readConfig<T extends object>(
  schema: Joi.ObjectSchema<T>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<T> {
  const known = Object.keys(schema.describe().keys ?? {});
  const given = Object.fromEntries(
    known.flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const { value, error } = schema.validate(given, { abortEarly: false });
  if (error) throw new ConfigError(error.details.map((detail) => detail.message));
  return Object.freeze(value);
}

/** Settings that every service has. */
export const commonSettings = {
  HOST: Joi.string().default('127.0.0.1').description('Address to listen on'),
  LOG_LEVEL: Joi.string()
    .valid('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')
    .default('info')
    .description('Least severe log level written'),
};

/** A TCP port to listen on; 0 takes any free one. */
export function portSetting(port: number): Joi.NumberSchema {
  return Joi.number().integer().min(0).max(65535).default(port).description('Port to listen on');
}

/** Settings of services that speak Kafka. */
export const busSettings = {
  KAFKA_BROKERS: Joi.string().required().description('Brokers as host:port, comma separated'),
  TOPIC_PREFIX: Joi.string()
    .allow('')
    .default('')
    .description('Put before each topic and consumer group, so that two systems share a broker'),
};

export type CommonSettings = { HOST: string; PORT: number; LOG_LEVEL: string };
export type BusSettings = { KAFKA_BROKERS: string; TOPIC_PREFIX: string };
