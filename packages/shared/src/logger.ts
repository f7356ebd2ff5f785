import { pino } from 'pino';

/**
 * Structured logger. Each line is a named thing that happened plus fields:
 * `log.info('hold.taken', { holdId })`. Secrets never go into fields.
 */
export type Logger = {
  debug(name: string, fields?: object): void;
  info(name: string, fields?: object): void;
  warn(name: string, fields?: object): void;
  error(name: string, fields?: object): void;
  child(fields: object): Logger;
};

/** Writes to standard output, or to standard error where that is for something else. */
export function createLogger(
  service: string,
  level: string,
  to: 'stdout' | 'stderr' = 'stdout',
): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: { service },
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: ['password', 'token', 'authorization', '*.password', '*.token'],
  };
  return wrap(to === 'stdout' ? pino(options) : pino(options, pino.destination(2)));
}

function wrap(base: pino.Logger): Logger {
  return {
    debug: (name, fields) => base.debug(fields ?? {}, name),
    info: (name, fields) => base.info(fields ?? {}, name),
    warn: (name, fields) => base.warn(fields ?? {}, name),
    error: (name, fields) => base.error(fields ?? {}, name),
    child: (fields) => wrap(base.child(fields)),
  };
}
