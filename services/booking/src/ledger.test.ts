import { expect } from 'chai';
import { journalLines, type Movement } from './ledger.ts';

const about = { eventId: 'e', currency: 'EUR' };
const parts = { faceMinor: 4_800, feesMinor: 250, taxesMinor: 505 };
const movements: readonly Movement[] = [
  { kind: 'capture', parts },
  { kind: 'cancel', parts },
  { kind: 'refund', amountMinor: 5_555 },
];
const inShort = (movement: Movement) =>
  journalLines(movement, about).map(({ account, amountMinor }) => [
    account.kind,
    account.eventId,
    amountMinor,
  ]);

describe('ledger', () => {
  it('owes face values, fees and taxes to whom they belong, under the event', () => {
    expect(inShort({ kind: 'capture', parts })).to.deep.equal([
      ['provider_clearing', null, 5_555],
      ['organizer_payable', 'e', -4_800],
      ['fees_income', 'e', -250],
      ['taxes_payable', 'e', -505],
    ]);
  });

  it('has journals that sum to zero, and leaves every account at zero after capture, cancel and refund', () => {
    const balances = new Map<string, number>();
    for (const movement of movements) {
      const lines = journalLines(movement, about);
      expect(lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).to.equal(0);
      for (const { account, amountMinor } of lines) {
        balances.set(account.kind, (balances.get(account.kind) ?? 0) + amountMinor);
      }
    }
    expect(Object.fromEntries(balances)).to.deep.equal({
      provider_clearing: 0,
      organizer_payable: 0,
      fees_income: 0,
      taxes_payable: 0,
      refunds_payable: 0,
    });
  });

  it('has no line of nothing', () => {
    const face = { faceMinor: 4_800, feesMinor: 0, taxesMinor: 0 };
    expect(inShort({ kind: 'capture', parts: face })).to.deep.equal([
      ['provider_clearing', null, 4_800],
      ['organizer_payable', 'e', -4_800],
    ]);
  });
});
