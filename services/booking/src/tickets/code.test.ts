import { generateKeyPairSync } from 'node:crypto';
import { newId } from '@holdfast/shared/ids.ts';
import { expect } from 'chai';
import fc from 'fast-check';
import { fromBase45, toBase45 } from './base45.ts';
import { isGenuine, LONGEST_CODE, readCode, writeCode } from './code.ts';

describe('base45', () => {
  it('writes what RFC 9285 gives as examples', () => {
    const pairs = [
      ['AB', 'BB8'],
      ['Hello!!', '%69 VD92EX0'],
      ['base-45', 'UJCLQE7W581'],
      ['ietf!', 'QED8WEX0'],
    ] as const;
    for (const [text, written] of pairs) {
      expect(toBase45(Buffer.from(text))).to.equal(written);
      expect(fromBase45(written)?.toString()).to.equal(text);
    }
  });

  it('reads back whatever it wrote, and nothing that it would write otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(fromBase45(toBase45(bytes))).to.deep.equal(Buffer.from(bytes));
      }),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const bytes = fromBase45(text);
        if (bytes !== undefined) expect(toBase45(bytes)).to.equal(text);
      }),
    );
    for (const text of ['GGW', ':::', 'A', 'AB8C', 'ab8', 'É00']) {
      expect(fromBase45(text), text).to.equal(undefined);
    }
  });
});

describe('the code of a ticket', () => {
  const pair = generateKeyPairSync('ed25519');
  const code = {
    kid: '9f3a01c7',
    ticketId: newId(),
    eventId: newId(),
    epoch: 1,
    seatId: 'STALLS-C-14',
  };

  it('says what was written into it, and is genuine by the key that signed it, no other', () => {
    const seats = fc
      .string({ minLength: 1, maxLength: 64, unit: 'grapheme' })
      .filter((seat) => seat.length <= 64);
    fc.assert(
      fc.property(seats, fc.integer({ min: 1, max: 65_535 }), (seatId, epoch) => {
        const text = writeCode({ ...code, seatId, epoch }, pair.privateKey);
        expect(text.length).to.be.at.most(LONGEST_CODE);
        const { signed: _signed, signature: _signature, ...read } = readCode(text) ?? {};
        expect(read).to.deep.equal({ ...code, seatId, epoch });
      }),
    );
    const read = readCode(writeCode(code, pair.privateKey));
    if (read === undefined) throw new Error('not read');
    expect(isGenuine(read, pair.publicKey)).to.equal(true);
    expect(isGenuine(read, generateKeyPairSync('ed25519').publicKey)).to.equal(false);
  });

  it('is not genuine, or no code at all, with any one character changed', () => {
    const text = writeCode(code, pair.privateKey);
    const characters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'.split('');
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.constantFrom(...characters, 'a', 'é'),
        (at, character) => {
          const altered = text.slice(0, at) + character + text.slice(at + 1);
          const read = readCode(altered);
          const passes = read !== undefined && isGenuine(read, pair.publicKey);
          expect(passes).to.equal(altered === text);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is no code when it is cut, empty or from elsewhere', () => {
    const text = writeCode(code, pair.privateKey);
    for (const other of [
      '',
      'HF1:',
      'https://example.org',
      text.slice(0, 100),
      `${text}0000`.repeat(4),
    ]) {
      expect(readCode(other), other).to.equal(undefined);
    }
  });

  it('fits a QR of 45 modules with a seat of 11 characters, and never ends in a space', () => {
    // RFC 9285: of a last group the last character is at most W.
    expect(writeCode(code, pair.privateKey).length).to.be.at.most(178);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
        expect(toBase45(bytes)).to.not.match(/ $/);
      }),
    );
  });
});
