import { expect } from 'chai';
import { Fault } from './errors.ts';
import { waitUntil } from './wait.ts';

describe('waitUntil', () => {
  it('answers what the condition answers, once it is something', async () => {
    const answers = [undefined, null, false, 'here'];
    expect(await waitUntil('it', () => answers.shift(), { everyMs: 1 })).to.equal('here');
  });

  it('takes 0 and the empty text for something', async () => {
    expect(await waitUntil('zero', () => 0)).to.equal(0);
    expect(await waitUntil('nothing written', () => '')).to.equal('');
  });

  it('counts a condition that throws as not yet', async () => {
    let tries = 0;
    const value = await waitUntil(
      'it',
      async () => {
        tries += 1;
        if (tries < 3) throw new Error('not yet');
        return tries;
      },
      { everyMs: 1 },
    );
    expect(value).to.equal(3);
  });

  it('throws a Fault that names what it waited for, how long, and the last failure', async () => {
    const cause = new Error('still closed');
    const error: unknown = await waitUntil('the gate', () => Promise.reject(cause), {
      limitMs: 20,
      everyMs: 5,
    }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Fault).and.include({ code: 'wait_timeout', cause });
    expect((error as Fault).message).to.equal('Waited 20 ms in vain for the gate');
  });
});
