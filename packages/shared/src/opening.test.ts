import { expect } from 'chai';
import { Fault } from './errors.ts';
import { createOpening } from './opening.ts';

describe('an opening', () => {
  /** One that opens or fails when told to. */
  function prepare() {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const closed: string[] = [];
    const opening = createOpening({
      open(signal) {
        signal.addEventListener('abort', () => reject(new Error('given up')));
        return promise;
      },
      close: async (opened) => void closed.push(opened),
    });
    return { opening, resolve, closed };
  }

  it('refuses use as a retryable fault until it is open, then gives what was opened', async () => {
    const { opening, resolve } = prepare();
    opening.begin();
    expect(opening.use).to.throw(Fault).that.includes({ code: 'starting', retryable: true });
    resolve('store');
    expect(await opening.ready).to.equal('store');
    expect(opening.use()).to.equal('store');
  });

  it('closes what was opened, and nothing when it had not begun', async () => {
    const begun = prepare();
    begun.opening.begin();
    begun.resolve('store');
    await begun.opening.stop();
    expect(begun.closed).to.deep.equal(['store']);
    const unused = prepare();
    await unused.opening.stop();
    expect(unused.closed).to.deep.equal([]);
  });

  it('gives up opening when it is stopped, without a fault of its own', async () => {
    const { opening, closed } = prepare();
    opening.begin();
    await opening.stop();
    expect(closed).to.deep.equal([]);
  });
});
