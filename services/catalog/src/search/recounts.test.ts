import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { createRecounts } from './recounts.ts';

describe('recounts', () => {
  it('are made at once of all that changed, once a second at most; one that failed comes again', async () => {
    const counted: string[] = [];
    let underWay = 0;
    let most = 0;
    const recounts = createRecounts(async (eventId) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      counted.push(eventId);
      if (counted.length === 2) throw new Error('no count');
      return 0;
    });
    for (const eventId of ['a', 'b', 'c']) recounts.note(eventId);
    const failure = await recounts.round().catch((error: Error) => error.message);
    expect([failure, counted, most]).to.deep.equal(['no count', ['a', 'b', 'c'], 3]);
    for (const eventId of ['a', 'b', 'c']) recounts.note(eventId);
    // After its rest.
    await waitUntil('another round', async () => (await recounts.round()) === 1);
    expect(counted.slice(3)).to.deep.equal(['b']);
    expect(await recounts.round()).to.equal(0);
  });

  it('take few new events in a round, and all that were counted before', async () => {
    const counted: string[] = [];
    const recounts = createRecounts(async (eventId) => {
      counted.push(eventId);
      return 0;
    });
    const eventIds = Array.from({ length: 25 }, (_, at) => `e${at}`);
    for (const eventId of eventIds) recounts.note(eventId);
    const sizes = [await recounts.round()];
    while (counted.length < 25) {
      const size = await recounts.round();
      if (size > 0) sizes.push(size);
    }
    expect(sizes).to.deep.equal([10, 10, 5]);
    expect(counted).to.deep.equal(eventIds);
    for (const eventId of eventIds) recounts.note(eventId);
    await waitUntil('more at once than new ones', async () => (await recounts.round()) > 10);
  });
});
