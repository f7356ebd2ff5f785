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
  /^Mongo(Network|NetworkTimeout|ServerSelection|PoolCleared|PoolClosed|WaitQueueTimeout|Topology|ServerClosed|NotConnected|Expired)/;
const DRIVER_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|not queryable|server closed the connection|terminating connection|the database system is|failed to connect|connection refused|connection reset|unexpected EOF/i;

/** Whether an error of a driver says that its store can not be reached at present. */
export function isOutage(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof AggregateError && at.errors.some(isOutage)) return true;
    if (MONGO_OUTAGE.test(at.name) || DRIVER_MESSAGES.test(at.message)) return true;
    const code = 'code' in at && typeof at.code === 'string' ? at.code : '';
    if (NETWORK_CODES.has(code) || SQL_OUTAGE.test(code)) return true;
  }
  return false;
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
