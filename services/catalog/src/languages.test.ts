import { expect } from 'chai';
import { languageOf } from './languages.ts';

describe('the language of an answer', () => {
  it('is the best liked of those there are, the original where none is', () => {
    const there = ['de', 'fr', 'pt-BR'];
    const cases: [string | undefined, string | undefined][] = [
      ['de', 'de'],
      ['de-AT,en;q=0.8', 'de'],
      ['en-GB, fr;q=0.4, de;q=0.7', 'de'],
      ['fr;q=0.5, de;q=0.5', 'fr'],
      ['PT-br', 'pt-BR'],
      ['pt', undefined],
      ['de;q=0', undefined],
      ['en', undefined],
      ['*', undefined],
      ['', undefined],
      [undefined, undefined],
    ];
    for (const [header, language] of cases) {
      expect(languageOf(header, there), String(header)).to.equal(language);
    }
  });
});
