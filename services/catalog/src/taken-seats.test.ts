import { expect } from 'chai';
import { createTakenSeats, FRESH_MS } from './taken-seats.ts';

describe('seats seen taken', () => {
  it('refuse while the sight is fresh, are suspected after it, and are forgotten when told', () => {
    const taken = createTakenSeats();
    taken.learn('e:A', 1_000, 60_000);
    const at = (now: number) => [taken.refuses('e:A', now), taken.suspects('e:A', now)];
    expect(at(1_000 + FRESH_MS - 1)).to.deep.equal([true, true]);
    expect(at(1_000 + FRESH_MS)).to.deep.equal([false, true]);
    expect([taken.refuses('e:B', 1_000), taken.suspects('e:B', 1_000)]).to.deep.equal([
      false,
      false,
    ]);
    taken.forget(['e:A', 'e:B']);
    expect(at(1_001)).to.deep.equal([false, false]);
  });

  it('are not refused past the end of their hold, however fresh the sight', () => {
    const taken = createTakenSeats();
    taken.learn('e:A', 1_000, 100);
    expect([taken.refuses('e:A', 1_099), taken.refuses('e:A', 1_100)]).to.deep.equal([true, false]);
    expect(taken.suspects('e:A', 1_100)).to.equal(false);
  });

  it('refuse who asked before a look, however slow it was, and not who asks after it', () => {
    const taken = createTakenSeats();
    taken.learn('e:A', 1_000, 60_000);
    const late = 1_000 + 5 * FRESH_MS;
    expect([taken.refuses('e:A', late, 1_000), taken.refuses('e:A', late, 1_001)]).to.deep.equal([
      true,
      false,
    ]);
    expect(taken.refuses('e:A', 61_000, 1_000), 'past the end of its hold').to.equal(false);
  });

  it('stay suspected for good when nothing ends them, and still refuse for 250 ms only', () => {
    const taken = createTakenSeats();
    taken.learn('e:A', 0, Number.POSITIVE_INFINITY);
    expect([taken.refuses('e:A', 250), taken.suspects('e:A', 1e12)]).to.deep.equal([false, true]);
  });
});
