import { createTokenVerifier } from '@holdfast/shared/tokens.ts';
import { expect } from 'chai';
import { decodeProtectedHeader } from 'jose';
import { ownNames, type RunningAuth, startAuth } from './running-auth.ts';

describe('signing keys', () => {
  const names = ownNames();
  let auth: RunningAuth;
  let other: RunningAuth;
  before(async () => {
    [auth, other] = await Promise.all([startAuth({}, names), startAuth({}, names)]);
  });
  after(async () => {
    await other.stop({ drop: false });
    await auth.stop();
  });

  const kidsOf = async (one: RunningAuth): Promise<string[]> =>
    (await one.get('/.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid);
  const signerOf = (token: string) => decodeProtectedHeader(token).kid;
  const makeOlder = (hours: number) =>
    auth.query('update signing_keys set signs_from = signs_from - make_interval(hours => $1)', [
      hours,
    ]);
  const renewBoth = async () => {
    await auth.running.parts.keyring.renew();
    await other.running.parts.keyring.renew();
  };

  it('are made once by instances that start together, and shared', async () => {
    const kids = await kidsOf(auth);
    expect(kids).to.have.length(1);
    expect(await kidsOf(other)).to.deep.equal(kids);
    const { accessToken } = await auth.registerOne();
    expect((await other.get('/api/auth/me', accessToken)).status).to.equal(200);
  });

  it('are published without their private half, and may be cached for a while', async () => {
    const { headers, body } = await auth.get('/.well-known/jwks.json');
    expect(headers.get('cache-control')).to.equal('public, max-age=300');
    expect(body.keys[0]).to.have.all.keys('kty', 'crv', 'x', 'kid', 'alg', 'use');
  });

  it('take turns: the next is published first, then signs; the old goes when its tokens ended', async () => {
    const verify = createTokenVerifier(`${auth.service.url}/.well-known/jwks.json`);
    const { accessToken: early } = await auth.registerOne();
    const [first] = await kidsOf(auth);

    await makeOlder(30 * 24 - 1);
    await Promise.all([renewBoth(), renewBoth()]);
    const both = await kidsOf(other);
    expect(both).to.have.length(2);
    expect(both[0]).to.equal(first);
    expect(signerOf((await other.registerOne()).accessToken)).to.equal(first);

    await makeOlder(1);
    await renewBoth();
    const { accessToken: late } = await other.registerOne();
    expect(signerOf(late)).to.equal(both[1]);
    expect(await kidsOf(auth)).to.deep.equal(both);
    expect(await verify(early)).to.not.have.property('kind');
    expect(await verify(late)).to.not.have.property('kind');

    await makeOlder(2);
    await renewBoth();
    expect(await kidsOf(auth)).to.deep.equal([both[1]]);
    const fresh = createTokenVerifier(`${auth.service.url}/.well-known/jwks.json`);
    expect(await fresh(late)).to.not.have.property('kind');
    expect(await fresh(early)).to.include({ kind: 'refused', code: 'token_invalid' });
  });
});
