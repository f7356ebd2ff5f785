import { expect } from 'chai';
import fc from 'fast-check';
import { derivedId, fingerprint, isId, newId } from './ids.ts';

describe('ids', () => {
  it('are UUIDs of version 7 that sort by the time they were made', () => {
    const ids = Array.from({ length: 1_000 }, newId);
    expect(new Set(ids).size).to.equal(1_000);
    expect(ids.toSorted()).to.deep.equal(ids);
    // Not their last digits, which are random.
    const ends = ids.map((id) => id.slice(-8));
    expect(new Set(ends).size).to.be.above(990);
    expect(ends.toSorted()).not.to.deep.equal(ends);
    expect(ids.every((id) => isId(id) && id[14] === '7')).to.equal(true);
  });

  it('derived from the same parts are the same, from others are others', () => {
    const id = derivedId('pin', 'b-1');
    expect(id).to.equal('6e207b50-6a85-53e4-b684-691403ffad76');
    expect(derivedId('pin', 'b-1')).to.equal(id);
    expect(derivedId('pin', 'b-2')).not.to.equal(id);
    expect(derivedId('pinb-1')).not.to.equal(id);
    expect(derivedId('pin', 'b', '-1')).not.to.equal(id);
    expect(isId(id)).to.equal(true);
  });

  it('are told from other text', () => {
    expect(isId('0198c9d4-5c1e-7b60-8f0e-3a4a0f6d2b11')).to.equal(true);
    for (const text of ['', 'x', '{0198c9d4-5c1e-7b60-8f0e-3a4a0f6d2b11}', '0198c9d4']) {
      expect(isId(text), text).to.equal(false);
    }
  });
});

describe('fingerprints', () => {
  it('are the same whatever the order of members, and 64 hex digits', () => {
    expect(fingerprint({ a: 1, b: [{ c: 2, d: 3 }] })).to.equal(
      fingerprint({ b: [{ d: 3, c: 2 }], a: 1 }),
    );
    expect(fingerprint({ a: 1, b: undefined })).to.equal(fingerprint({ a: 1 }));
    expect(fingerprint({})).to.match(/^[0-9a-f]{64}$/);
  });

  it('differ where values, types, names or the order of a list differ', () => {
    const different = [{}, { a: 1 }, { a: '1' }, { b: 1 }, [1, 2], [2, 1], null, 'a', { a: null }];
    expect(new Set(different.map(fingerprint)).size).to.equal(different.length);
  });

  it('survive a trip through JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(fingerprint(JSON.parse(JSON.stringify(value)))).to.equal(fingerprint(value));
      }),
    );
  });
});
