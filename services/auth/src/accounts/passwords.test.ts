import { expect } from 'chai';
import { createPasswords } from './passwords.ts';

const cheap = { memoryKib: 1_024, timeCost: 1, atOnce: 2 };
const admitted = async () => true;

describe('passwords', () => {
  it('are argon2id hashes of the given cost, each with a salt of its own', async () => {
    const passwords = await createPasswords(cheap);
    const [one, two] = await Promise.all([passwords.hash('secret'), passwords.hash('secret')]);
    expect(one).to.match(/^\$argon2id\$v=19\$m=1024,t=1,p=1\$/);
    expect(one).to.not.equal(two);
  });

  it('are right or wrong by every character, however the keyboard composed it', async () => {
    const passwords = await createPasswords(cheap);
    const stored = await passwords.hash('Zoe\u0308 sings');
    expect(await passwords.check('Zo\u00eb sings', stored, admitted)).to.equal('right');
    expect(await passwords.check('Zo\u00eb Sings', stored, admitted)).to.equal('wrong');
    expect(await passwords.check('', stored, admitted)).to.equal('wrong');
  });

  it('are never right without a stored hash', async () => {
    const passwords = await createPasswords(cheap);
    expect(await passwords.check('secret', undefined, admitted)).to.equal('wrong');
  });

  it('are not compared when the check is not admitted', async () => {
    const passwords = await createPasswords(cheap);
    const answer = await passwords.check('secret', 'no hash at all', async () => false);
    expect(answer).to.equal('not_admitted');
  });

  it('are hashed some at a time; those beyond the line are told to come again', async () => {
    const passwords = await createPasswords({ ...cheap, atOnce: 1 });
    let most = 0;
    let inFlight = 0;
    const count = async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      return false;
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 600 }, () => passwords.check('secret', undefined, count)),
    );
    const turnedAway = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(most).to.equal(1);
    expect(outcomes.length - turnedAway.length).to.equal(513);
    for (const { reason } of turnedAway) {
      expect(reason).to.include({ code: 'too_busy', retryable: true });
    }
    expect(await passwords.check('secret', undefined, admitted)).to.equal('wrong');
  });
});
