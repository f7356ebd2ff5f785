import { expect } from 'chai';
import { createPromisedSeats } from './promised-seats.ts';

describe('promised seats', () => {
  it('stand until their promise is over, of their own event only', () => {
    const promised = createPromisedSeats();
    const one = promised.promise('a', ['1', '2']);
    const other = promised.promise('a', ['2', '3']);
    expect([...promised.of('a').keys()]).to.deep.equal(['1', '2', '3']);
    expect(promised.of('b').size).to.equal(0);
    one();
    expect([...promised.of('a').keys()]).to.deep.equal(['2', '3']);
    other();
    expect(promised.of('a').size).to.equal(0);
  });

  it('let others wait for all that stand, not for those made later, and for none where none stand', async () => {
    const promised = createPromisedSeats();
    expect(promised.untilOver('a')).to.equal(undefined);
    const settle = [promised.promise('a', ['1']), promised.promise('a', ['2'])];
    let isOver = false;
    const over = promised.untilOver('a')?.then(() => {
      isOver = true;
    });
    promised.promise('a', ['3']);
    settle[0]?.();
    await Promise.resolve();
    expect(isOver).to.equal(false);
    settle[1]?.();
    await over;
    expect(isOver).to.equal(true);
  });

  it('tell by their revision that something changed', () => {
    const promised = createPromisedSeats();
    const before = promised.revision;
    const settle = promised.promise('a', ['1']);
    const between = promised.revision;
    settle();
    expect(new Set([before, between, promised.revision]).size).to.equal(3);
  });
});
