import { readdir, readFile } from 'node:fs/promises';
import { fromFile, Parser } from '@asyncapi/parser';
import { expect } from 'chai';
import { CONTRACTS } from '../src/contracts/all.ts';
import { asyncApi } from '../src/contracts/asyncapi.ts';
import { type Message, newMessage, readMessage, TOPICS } from '../src/contracts/contract.ts';
import { messagesPage } from '../src/contracts/messages-page.ts';
import { Fault } from '../src/errors.ts';
import { newId } from '../src/ids.ts';
import { origin } from './test-database.ts';

const GOLDEN = new URL('golden/', import.meta.url);
const DOCS = new URL('../../../docs/', import.meta.url);

const partsOf = <D extends object>(data: D) => ({
  key: newId(),
  version: 1,
  time: new Date('2027-03-14T19:30:00Z'),
  origin,
  data,
});

function faultOf(run: () => unknown): Fault {
  try {
    run();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('Nothing was thrown');
}

describe('the message contracts', () => {
  for (const contract of CONTRACTS) {
    describe(contract.type, () => {
      it('accepts its own example, and says what it is for in a name, a topic and a summary', () => {
        const { error } = contract.schema.validate(contract.example, { convert: false });
        expect(error).to.equal(undefined);
        expect(contract.type).to.match(/^[a-z]+\.[a-z_]+\.v\d+$/);
        expect(TOPICS).to.include(contract.topic);
        expect(contract.topic.split('.')[0]).to.equal(contract.producer);
        expect(contract.summary).to.match(/^[A-Z].*[^.]$/);
      });

      it('still reads its golden example, which never changes under one version', async () => {
        const golden = await readFile(new URL(`${contract.type}.json`, GOLDEN), 'utf8');
        const data: object = JSON.parse(golden);
        expect(contract.example).to.deep.equal(data);
        const message: Message = { ...newMessage(contract, partsOf(data)), data };
        expect(readMessage(contract, message)).to.deep.equal(message);
      });

      it('tolerates members it does not know when reading, at every depth', () => {
        const data = JSON.parse(JSON.stringify(contract.example), (_name, value) =>
          typeof value === 'object' && value !== null && !Array.isArray(value)
            ? { ...value, addedLater: { x: 1 } }
            : value,
        );
        const message = { ...newMessage(contract, partsOf(contract.example)), data };
        expect(readMessage(contract, message)?.data).to.deep.equal(data);
      });

      it('refuses data without a required member or with a wrong type, on both sides', () => {
        const [required = ''] = Object.keys(contract.example);
        for (const value of [undefined, { $ne: 1 }]) {
          const broken = { ...contract.example, [required]: value };
          const written = faultOf(() => newMessage(contract, partsOf(broken)));
          expect(written).to.include({ code: 'message_invalid', retryable: false });
          const message = { ...newMessage(contract, partsOf(contract.example)), data: broken };
          const read = faultOf(() => readMessage(contract, message));
          expect(read).to.include({ code: 'message_invalid', retryable: false });
        }
      });

      it('refuses to write members it does not know', () => {
        const data = { ...contract.example, password: 'x' };
        expect(faultOf(() => newMessage(contract, partsOf(data))).message).to.include('password');
      });
    });
  }

  it('have a golden file each, and no golden file is left over', async () => {
    const files = (await readdir(GOLDEN)).sort();
    expect(files).to.deep.equal(CONTRACTS.map(({ type }) => `${type}.json`).sort());
  });

  it('read only messages of their own type', () => {
    const [one, other] = CONTRACTS;
    if (!one || !other) throw new Error('There are no contracts');
    const message = newMessage(one, partsOf(one.example));
    expect(readMessage(other, message)).to.equal(undefined);
    expect(message).to.deep.include({ type: one.type, time: '2027-03-14T19:30:00.000Z' });
  });
});

describe('the published description of the messages', () => {
  const asyncApiFile = new URL('asyncapi.json', DOCS);
  const hint = 'run `npm run docs -w @holdfast/shared` and commit what it writes';

  it('docs/asyncapi.json is what the contracts say', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../package.json', import.meta.url), 'utf8'),
    );
    const written = JSON.parse(await readFile(asyncApiFile, 'utf8'));
    expect(written, hint).to.deep.equal(JSON.parse(JSON.stringify(asyncApi(version))));
  });

  it('docs/messages.md is what the contracts say', async () => {
    expect(await readFile(new URL('messages.md', DOCS), 'utf8'), hint).to.equal(messagesPage());
  });

  it('is valid AsyncAPI 3.0 with every message, its examples fitting its schemas', async function () {
    this.timeout(60_000);
    const { document, diagnostics } = await fromFile(new Parser(), asyncApiFile.pathname).parse();
    const faults = diagnostics.filter(({ severity }) => severity <= 1);
    expect(faults.map(({ message, path }) => `${path.join('.')}: ${message}`)).to.deep.equal([]);
    const names = document
      ?.allMessages()
      .all()
      .map((message) => message.name());
    expect(names?.sort()).to.deep.equal(CONTRACTS.map(({ type }) => type).sort());
  });
});
