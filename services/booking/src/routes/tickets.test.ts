import { expect } from 'chai';
import { checkInRoutes } from './check-in.ts';
import { ticketRoutes } from './tickets.ts';

/** Nothing is asked: only what the routes say of themselves is read. */
const use = () => {
  throw new Error('not to be used');
};

describe('examples of tickets and gates', () => {
  for (const { id, responses } of [...ticketRoutes(use), ...checkInRoutes(use)]) {
    for (const [status, { schema, example, mediaType }] of Object.entries(responses)) {
      it(`${id} answers ${status} as its schema says`, () => {
        if (mediaType !== undefined && example === undefined) {
          expect(schema?.type).to.equal('string');
          return;
        }
        expect(example, 'an example').to.be.an('object');
        expect(schema?.validate(example, { convert: false }).error).to.equal(undefined);
      });
    }
  }
});
