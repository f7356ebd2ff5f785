import { expect } from 'chai';
import { settle } from './settle.ts';

const EVERY_MS = 5;

/** Rounds of one check that find this, the last of them for ever. */
function rounds(...found: string[][]) {
  let asked = 0;
  return async () => {
    const findings = found[Math.min(asked, found.length - 1)] ?? [];
    asked += 1;
    return [{ invariant: 7, title: 'a rule', checked: 1, findings }];
  };
}

async function findings(round: ReturnType<typeof rounds>, settleMs = 60): Promise<string[]> {
  const checks = await settle(round, { settleMs, everyMs: EVERY_MS });
  return checks.flatMap((check) => check.findings);
}

describe('a settling audit', () => {
  it('finds nothing when a round does, whatever the rounds before it saw', async () => {
    expect(await findings(rounds(['under way'], ['under way'], []))).to.deep.equal([]);
  });

  it('finds what stays broken', async () => {
    expect(await findings(rounds(['broken']))).to.deep.equal(['broken']);
  });

  it('finds what broke only while other work settled', async () => {
    expect(await findings(rounds(['under way'], ['broken']))).to.deep.equal(['broken']);
  });

  it('takes the one round there is time for as it stands', async () => {
    expect(await findings(rounds(['broken'], []), 0)).to.deep.equal(['broken']);
  });

  it('leaves out what each round sees of other work under way', async () => {
    let at = 0;
    const busy = async () => {
      at += 1;
      return [{ invariant: 7, title: 'a rule', checked: 1, findings: [`booking ${at}`] }];
    };
    expect(await findings(busy)).to.deep.equal([]);
  });
});
