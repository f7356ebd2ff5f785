import { expect } from 'chai';
import fc from 'fast-check';
import { deletionsOf, distanceOf, slipsAllowed, wordsOf } from './words.ts';

describe('words', () => {
  it('fold case, accents and ligatures, and keep each once in the order of the text', () => {
    expect(wordsOf('Dvořák & DVORAK: Straße, Ærø; 9. Sinfonie — 東京')).to.deep.equal([
      'dvorak',
      'strasse',
      'aero',
      '9',
      'sinfonie',
      '東京',
    ]);
    expect(wordsOf(' .,;! ')).to.deep.equal([]);
  });

  it('are apart by letters added, dropped, changed or swapped, up to a limit', () => {
    const cases: [string, string, number][] = [
      ['beetoven', 'beethoven', 1],
      ['bethoven', 'beethoven', 1],
      ['mozrat', 'mozart', 1],
      ['haydn', 'haydn', 0],
      ['hayden', 'haydn', 1],
      ['brahms', 'brams', 1],
      ['bach', 'brahms', Number.POSITIVE_INFINITY],
    ];
    for (const [one, other, distance] of cases) {
      expect(distanceOf(one, other, 2), `${one} ${other}`).to.equal(distance);
      expect(distanceOf(other, one, 2), `${other} ${one}`).to.equal(distance);
    }
  });

  it('allow no slip in a short word, one in a middling, two in a long one', () => {
    expect(['abc', 'abcd', 'abcdefg', 'abcdefgh'].map(slipsAllowed)).to.deep.equal([0, 1, 1, 2]);
  });

  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 4 });
  const slip = fc.record({ at: fc.nat(), kind: fc.constantFrom('drop', 'add', 'change', 'swap') });

  it('share a deletion with every word within their slips, so that none is overlooked', () => {
    fc.assert(
      fc.property(letters, slip, (word, { at, kind }) => {
        const place = at % word.length;
        const [head, tail] = [word.slice(0, place), word.slice(place)];
        const slipped = {
          drop: head + tail.slice(1),
          add: `${head}x${tail}`,
          change: `${head}x${tail.slice(1)}`,
          swap: head + (tail[1] ?? '') + tail[0] + tail.slice(2),
        }[kind];
        fc.pre(slipsAllowed(slipped) > 0);
        expect(distanceOf(word, slipped, 1)).to.be.at.most(1);
        const shared = new Set(deletionsOf(word));
        expect(deletionsOf(slipped).some((one) => shared.has(one))).to.equal(true);
      }),
    );
  });
});
