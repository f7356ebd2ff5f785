import { expect } from 'chai';
import fc from 'fast-check';
import {
  DIFFERENCE_KINDS,
  differenceOf,
  type Here,
  remedyFor,
  type There,
} from './reconciliation.ts';

const here = (amountMinor: number, parts: Partial<Here> = {}): Here => ({
  bookingId: 'b',
  status: 'captured',
  currency: 'EUR',
  amountMinor,
  ledgerMinor: amountMinor,
  ...parts,
});
const there = (amountMinor: number, currency = 'EUR'): There => ({ amountMinor, currency });

describe('a comparison with the provider', () => {
  const cases: [string, Here | undefined, There | undefined, string | undefined][] = [
    ['both have the same', here(4_800), there(4_800), undefined],
    ['neither has anything', undefined, undefined, undefined],
    ['ours did not succeed and theirs did not move', here(0), undefined, undefined],
    ['theirs moved and was reversed, ours failed', here(0), there(0), undefined],
    ['we know nothing of it', undefined, there(4_800), 'missing_here'],
    ['they know nothing of it', here(4_800), undefined, 'missing_there'],
    ['theirs was reversed, ours stands', here(4_800), there(0), 'missing_there'],
    ['only our ledger has it', here(0, { ledgerMinor: 4_800 }), undefined, 'missing_there'],
    ['amounts differ', here(4_800), there(4_700), 'amount_differs'],
    ['our ledger differs', here(4_800, { ledgerMinor: 0 }), there(4_800), 'amount_differs'],
    ['currencies differ', here(4_800), there(4_800, 'CHF'), 'amount_differs'],
    ['theirs moved and ours waits', here(0, { status: 'requested' }), there(1), 'status_differs'],
  ];
  for (const [what, ours, theirs, kind] of cases) {
    it(`finds ${kind ?? 'nothing'} where ${what}`, () => {
      expect(differenceOf(ours, theirs)).to.equal(kind);
    });
  }

  it('finds nothing exactly where both sides and the ledger agree, whatever the amounts', () => {
    const amount = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(amount, amount, amount, (ours, ledger, theirs) => {
        const kind = differenceOf(here(ours, { ledgerMinor: ledger }), there(theirs));
        expect(kind === undefined).to.equal(ours === theirs && ledger === theirs);
      }),
    );
  });

  it('names both sides and a remedy for each kind', () => {
    for (const kind of DIFFERENCE_KINDS) {
      const text = remedyFor({
        movement: 'refund',
        subject: 're_1',
        kind,
        bookingId: 'b',
        here: here(4_800),
        there: there(100),
      });
      expect(text).to.include('re_1').and.include('4800 EUR').and.include('100 EUR');
    }
  });
});
