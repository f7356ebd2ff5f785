import { isRefusal } from '@holdfast/shared/errors.ts';
import { expect } from 'chai';
import { ADMISSIONS } from '../../test/admissions.ts';
import { refusalOf, type Standing } from './admission.ts';

describe('admission', () => {
  for (const { what, direction, ticket, code } of ADMISSIONS) {
    it(`${code === undefined ? 'lets pass' : `refuses as ${code}`}: ${what}`, () => {
      const standing: Standing = {
        status: 'live',
        epoch: 1,
        isInside: false,
        isKeyRevoked: false,
        isEventCancelled: false,
        last: undefined,
        ...ticket,
      };
      const refusal = refusalOf({ epoch: 1, direction }, standing);
      expect(isRefusal(refusal) ? refusal.code : undefined).to.equal(code);
    });
  }

  it('says of a ticket that is inside at which gate somebody went in, and when', () => {
    const at = new Date('2027-03-14T18:02:11.000Z');
    const standing = { status: 'live', epoch: 1, isKeyRevoked: false, isEventCancelled: false };
    const refusal = refusalOf({ epoch: 1, direction: 'entry' }, {
      ...standing,
      isInside: true,
      last: { gate: 'North 2', at },
    } as Standing);
    expect(refusal?.extra).to.deep.equal({ gate: 'North 2', since: at.toISOString() });
    expect(refusal?.detail).to.contain('North 2').and.to.contain(at.toISOString());
  });
});
