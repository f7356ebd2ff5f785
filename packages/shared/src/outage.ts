import { Fault } from './errors.ts';

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
]);
/** SQLSTATE classes and codes that mean "not now": connection, resources, shutdown, deadlock. */
const SQL_OUTAGE = /^(08...|53...|57P0[1-5]|40001|40P01|55P03|25006|XX000)$/;
const MONGO_OUTAGE =
  /^Mongo(?:ose)?(Network|NetworkTimeout|ServerSelection|PoolCleared|PoolClosed|WaitQueueTimeout|Topology|ServerClosed|NotConnected|Expired)/;
/**
 * MongoDB's numbers for a primary that stops, steps down or can not reach its majority in time
 * (its error_codes.yml, categories NetworkError, NotPrimaryError, ShutdownError and write concern).
 */
const MONGO_OUTAGE_CODES = new Set([
  6, 7, 64, 89, 91, 100, 133, 134, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436,
]);
/** Errors that only have words: drivers' own, and the stand-in's when the server below it dies. */
const DRIVER_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|not queryable|server closed the connection|terminating connection|the database system is|buffering timed out|before initial connection|failed to connect|connection refused|connection reset|conn closed|closed pool|broken pipe|use of closed network|i\/o timeout|\bEOF\b/i;

/** Whether an error of a driver says that its store can not be reached at present. */
export function isOutage(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = wrappedBy(at)) {
    if (at instanceof AggregateError && at.errors.some(isOutage)) return true;
    if (MONGO_OUTAGE.test(at.name) || DRIVER_MESSAGES.test(at.message)) return true;
    const code = 'code' in at ? at.code : undefined;
    if (typeof code === 'string' && (NETWORK_CODES.has(code) || SQL_OUTAGE.test(code))) return true;
    if (typeof code === 'number' && at.name.startsWith('Mongo') && MONGO_OUTAGE_CODES.has(code)) {
      return true;
    }
  }
  return false;
}

/** The error below; MongoDB's bulk writes keep a lost connection as their `errorResponse`. */
function wrappedBy(error: Error): unknown {
  return error.cause ?? ('errorResponse' in error ? error.errorResponse : undefined);
}

/** The error as a Fault: itself, or a retryable `store_unavailable` when a store is down. */
export function asFault(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  if (!isOutage(error)) return undefined;
  return new Fault('store_unavailable', 'A store can not be reached at present', {
    retryable: true,
    cause: error,
  });
}
