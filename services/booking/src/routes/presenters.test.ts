import { expect } from 'chai';
import { bookingAnswer, bookingsAnswer, quoteAnswer, ticketsAnswer } from './presenters.ts';
import { outcomesAnswer, sweepAnswer, sweepsAnswer } from './sweep-presenters.ts';

describe('the examples of answers', () => {
  for (const [name, { schema, example }] of Object.entries({
    bookingAnswer,
    bookingsAnswer,
    quoteAnswer,
    ticketsAnswer,
    sweepsAnswer,
    sweepAnswer,
    outcomesAnswer,
  })) {
    it(`${name} has the form that it shows`, () => {
      expect(schema.validate(example, { convert: false }).error).to.equal(undefined);
    });
  }
});
