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
      ['pt', 'pt-BR'],
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

  it('is that of the original where it is liked best, or any is, or none is there', () => {
    const cases: [string | undefined, string][] = [
      ['en-US,en;q=0.9,de;q=0.1', 'en-GB'],
      ['de, en;q=0.9', 'de'],
      ['*, de;q=0.1', 'en-GB'],
      ['it', 'en-GB'],
      [undefined, 'en-GB'],
    ];
    for (const [header, language] of cases) {
      expect(languageOf(header, ['de'], 'en-GB'), String(header)).to.equal(language);
    }
  });

  it('is the one that says most of those that cover the wish', () => {
    const there = ['zh', 'zh-Hant', 'zh-Hans-CN'];
    const cases = [
      ['zh-Hant-TW', 'zh-Hant'],
      ['zh-CN', 'zh'],
      ['zh-Hans', 'zh'],
      ['zho', undefined],
    ] as const;
    for (const [header, language] of cases) {
      expect(languageOf(header, there), header).to.equal(language);
    }
    expect(languageOf('zh-Hans', ['zh-Hant', 'zh-Hans-CN'])).to.equal('zh-Hans-CN');
  });
});
