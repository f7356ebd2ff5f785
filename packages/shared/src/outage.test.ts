import { expect } from 'chai';
import { Fault } from './errors.ts';
import { asFault, isOutage } from './outage.ts';

const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });
const numbered = (name: string, code: number) => Object.assign(new Error('x'), { name, code });
const named = (name: string) => Object.assign(new Error('x'), { name });

describe('an outage', () => {
  const outages: [string, unknown][] = [
    ['a refused connection', coded('ECONNREFUSED')],
    ['one wrapped by a query layer', new Error('query failed', { cause: coded('ECONNRESET') })],
    ['one of several addresses', new AggregateError([coded('ECONNREFUSED')], '')],
    ['PostgreSQL shutting down', coded('57P01')],
    ['PostgreSQL starting', coded('57P03')],
    ['too many connections', coded('53300')],
    ['a deadlock', coded('40P01')],
    ['a cut connection', new Error('Connection terminated unexpectedly')],
    ['no primary', named('MongoServerSelectionError')],
    ['a cut MongoDB connection', named('MongoNetworkError')],
    ['no primary, by mongoose', named('MongooseServerSelectionError')],
    [
      'a query that mongoose kept back in vain',
      new Error('Operation `events.findOne()` buffering timed out after 10000ms'),
    ],
    ['the server below the stand-in gone', new Error('write failed: conn closed')],
    [
      'a connection lost in a bulk write',
      Object.assign(named('MongoBulkWriteError'), { errorResponse: named('MongoNetworkError') }),
    ],
    ['a primary that has just stepped down', numbered('MongoServerError', 10107)],
    ['a majority not reached in time', numbered('MongoWriteConcernError', 64)],
  ];
  for (const [what, error] of outages) {
    it(`is ${what}: a retryable Fault`, () => {
      expect(isOutage(error)).to.equal(true);
      expect(asFault(error)).to.include({ code: 'store_unavailable', retryable: true });
    });
  }

  const others: [string, unknown][] = [
    ['a unique violation', coded('23505')],
    ['a check violation', coded('23514')],
    ['a duplicate key', numbered('MongoServerError', 11000)],
    ['a number of something else', numbered('Error', 64)],
    ['a bug', new TypeError('x is undefined')],
    ['no error at all', 'text'],
  ];
  for (const [what, error] of others) {
    it(`is not ${what}`, () => {
      expect(isOutage(error)).to.equal(false);
      expect(asFault(error)).to.equal(undefined);
    });
  }

  it('leaves a Fault as it is', () => {
    const fault = new Fault('plan_broken', 'x', { retryable: false });
    expect(asFault(fault)).to.equal(fault);
  });
});
