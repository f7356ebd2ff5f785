import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { installPackages } from '../src/debian.ts';
import { findGo, isEnough } from '../src/go.ts';
import { javaMajor } from '../src/java.ts';
import { choosePorts, requireFreePort } from '../src/ports.ts';
import { findUser, hidePassword } from '../src/postgres.ts';
import { silentProgress } from '../src/progress.ts';
import { SetupError } from '../src/setup-error.ts';
import type { SetupContext } from '../src/store.ts';
import { createDataDir } from './own-stack.ts';

describe('choices and remedies', () => {
  let folder: Awaited<ReturnType<typeof createDataDir>>;

  beforeEach(async () => {
    folder = await createDataDir();
  });
  afterEach(() => folder.remove());

  const contextWith = (path: string): SetupContext => ({
    env: { PATH: path },
    dataDir: folder.path,
    cache: folder.path,
    step: silentProgress.step('test'),
  });

  it('names the packages to install where there is no apt-get', async () => {
    const error = await failureOf(installPackages(contextWith(folder.path), ['maven'], 'Kafka'));
    expect(error.message).to.include('Kafka needs maven');
    expect(error.remedy).to.include('Install maven');
  });

  it('refuses a Go that is too old, and names the version and a way around', async () => {
    const go = join(folder.path, 'go');
    await writeFile(go, '#!/bin/sh\necho go version go1.19.8 linux/amd64\n');
    await chmod(go, 0o755);
    const error = await failureOf(findGo(contextWith(`${folder.path}:/usr/bin:/bin`)));
    expect(error.message).to.include('1.19.8');
    expect(error.remedy).to.match(/Go 1\.25.*MONGODB_URL/);
  });

  it('knows which versions of Go build FerretDB', () => {
    expect(['1.24.9', '1.25.0', '1.26.8', '2.0'].map(isEnough)).to.deep.equal([
      ...[false, true, true, true],
    ]);
  });

  it('reads the major version of old and new Javas', () => {
    const texts = ['openjdk version "17.0.15" 2025-04-15', 'java version "1.8.0_401"', 'nothing'];
    expect(texts.map(javaMajor)).to.deep.equal([17, 8, 0]);
  });

  it('finds a user by its whole name only', () => {
    const passwd = 'postgresql:x:1:2::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n';
    expect(findUser(passwd, 'postgres')).to.deep.equal({ uid: 101, gid: 104 });
    expect(findUser(passwd, 'post')).to.equal(undefined);
  });

  it('keeps chosen ports, and chooses anew only the one that something else has taken', async () => {
    const first = await choosePorts(folder.path, ['a', 'b']);
    expect(await choosePorts(folder.path, ['a', 'b'])).to.deep.equal(first);
    const thief = createServer();
    await new Promise<void>((resolve) => thief.listen(first.a, '127.0.0.1', resolve));
    const second = await choosePorts(folder.path, ['a', 'b']);
    const refusal = await failureOf(requireFreePort(first.a));
    await new Promise((resolve) => thief.close(resolve));
    expect(second.b).to.equal(first.b);
    expect(second.a).to.not.equal(first.a);
    expect(refusal.remedy).to.include('--port');
  });

  it('never shows a password in a URL', () => {
    expect(hidePassword('postgres://me:secret@host/db')).to.equal('postgres://me:***@host/db');
    expect(hidePassword('redis://host:6379')).to.equal('redis://host:6379');
  });
});

async function failureOf(work: Promise<unknown>): Promise<SetupError> {
  const error = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).to.be.instanceOf(SetupError);
  return error as SetupError;
}
