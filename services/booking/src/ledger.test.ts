import { expect } from 'chai';
import { journalLines } from './ledger.ts';

const money = { eventId: 'e', currency: 'EUR', amountMinor: 4800 };

describe('ledger', () => {
  it('debits and credits the same amount, for each kind of journal', () => {
    for (const kind of ['capture', 'cancel', 'refund'] as const) {
      const [debit, credit] = journalLines(kind, money);
      expect([debit.amountMinor, credit.amountMinor]).to.deep.equal([4800, -4800]);
    }
  });

  it('leaves every account at zero after capture, cancel and refund', () => {
    const balances = new Map<string, number>();
    for (const kind of ['capture', 'cancel', 'refund'] as const) {
      for (const { account, amountMinor } of journalLines(kind, money)) {
        balances.set(account.kind, (balances.get(account.kind) ?? 0) + amountMinor);
      }
    }
    expect(Object.fromEntries(balances)).to.deep.equal({
      provider_clearing: 0,
      organizer_payable: 0,
      refunds_payable: 0,
    });
  });

  it("owes an event's organizer under the event, the house's accounts under none", () => {
    expect(journalLines('capture', money).map(({ account }) => account.eventId)).to.deep.equal([
      null,
      'e',
    ]);
  });
});
