import { expect } from 'chai';
import { createTurns } from './turns.ts';

describe('turns', () => {
  it('let requests for a shared seat go in order of arrival, and others at once', async () => {
    const inTurn = createTurns();
    const done: string[] = [];
    const first = Promise.withResolvers<void>();
    const run = (name: string, wait?: Promise<void>) => async () => {
      await wait;
      done.push(name);
    };
    const requests = [
      inTurn(['A', 'B'], run('first', first.promise)),
      inTurn(['B', 'C'], run('second')),
      inTurn(['C'], run('third')),
    ];
    await inTurn(['D'], run('other'));
    expect(done).to.deep.equal(['other']);
    first.resolve();
    await Promise.all(requests);
    expect(done).to.deep.equal(['other', 'first', 'second', 'third']);
  });

  it('pass on after a failure, which is told to its own request only', async () => {
    const inTurn = createTurns();
    const failed = inTurn(['A'], () => Promise.reject(new Error('broke')));
    const next = inTurn(['A'], async () => 'went');
    expect(await failed.catch((error: Error) => error.message)).to.equal('broke');
    expect(await next).to.equal('went');
  });

  it('do not keep a request waiting for ever behind one that hangs', async () => {
    const inTurn = createTurns();
    const hanging = Promise.withResolvers<void>();
    const stuck = inTurn(['A'], () => hanging.promise);
    expect(await inTurn(['A'], async () => 'went')).to.equal('went');
    hanging.resolve();
    await stuck;
  });
});
