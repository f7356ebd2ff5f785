import { isRefusal } from '@holdfast/shared/errors.ts';
import { expect } from 'chai';
import {
  checkTicketTypes,
  chooseTypes,
  explainSale,
  priceOf,
  saleOf,
  type TicketType,
} from './ticket-types.ts';

const at = (hour: number) => new Date(Date.UTC(2027, 2, 14, hour));
const adult: TicketType = { id: 'adult', name: 'Adult', default: true };
const child: TicketType = {
  ...{ id: 'child', name: 'Child', percent: 50, maxPerOrder: 2 },
  prices: [{ category: 'Gallery', priceMinor: 100 }],
};
const early: TicketType = { id: 'early', name: 'Early', salesFrom: at(8), salesUntil: at(12) };
const prices = [
  { category: 'Stalls', priceMinor: 4_801 },
  { category: 'Gallery', priceMinor: 2_000 },
];
const event = { prices, ticketTypes: [adult, child, early], currency: 'EUR' };

describe('ticket types', () => {
  const table: [string, TicketType | undefined, number | undefined][] = [
    ['Stalls', undefined, 4_801],
    ['Stalls', adult, 4_801],
    ['Stalls', child, 2_401],
    ['Gallery', child, 100],
    ['Boxes', child, undefined],
  ];
  for (const [category, type, price] of table) {
    it(`make a seat of ${category} as ${type?.id ?? 'no type'} cost ${price}`, () => {
      expect(priceOf(event, category, type)).to.equal(price);
    });
  }

  it('cost what can be charged, where cards take the currency in steps', () => {
    const fils = { ...event, currency: 'KWD', prices: [{ category: 'Stalls', priceMinor: 4_830 }] };
    expect(priceOf(fils, 'Stalls', child)).to.equal(2_420);
    const odd = [{ ...child, prices: [{ category: 'Stalls', priceMinor: 4_835 }] }];
    const refusal = checkTicketTypes([adult, ...odd], ['Stalls'], 'KWD');
    expect(refusal?.detail).to.match(/4\.835 KWD for Stalls/);
    expect(checkTicketTypes([adult, ...odd], ['Stalls'], 'EUR')).to.equal(undefined);
  });

  it('are chosen seat by seat, for all, or by default', () => {
    const choose = (wish: Parameters<typeof chooseTypes>[2]) => {
      const chosen = chooseTypes(event, ['1', '2'], wish);
      return isRefusal(chosen) ? chosen.code : [...chosen].map(([id, type]) => [id, type.id]);
    };
    expect(choose(undefined)).to.deep.equal([
      ['1', 'adult'],
      ['2', 'adult'],
    ]);
    expect(choose({ bySeat: new Map([['2', 'child']]) })).to.deep.equal([
      ['1', 'adult'],
      ['2', 'child'],
    ]);
    expect(choose({ forAll: 'child' })).to.deep.equal([
      ['1', 'child'],
      ['2', 'child'],
    ]);
    expect(choose({ forAll: 'senior' })).to.equal('ticket_type_not_found');
  });

  it('have a cap per order, over the seats that the hold has already', () => {
    const codeOf = (seatIds: string[], own: string[]) => {
      const chosen = chooseTypes(event, seatIds, { forAll: 'child' }, own);
      return isRefusal(chosen) ? chosen.code : 'chosen';
    };
    expect(codeOf(['1', '2'], ['adult'])).to.equal('chosen');
    expect(codeOf(['1', '2', '3'], [])).to.equal('too_many_seats');
    expect(codeOf(['1', '2'], ['child'])).to.equal('too_many_seats');
  });

  it('are none where the event has none, and may then not be named', () => {
    expect(chooseTypes({}, ['1'], undefined)).to.deep.equal(new Map());
    const named = chooseTypes({}, ['1'], { forAll: 'adult' });
    expect(isRefusal(named) && named.code).to.equal('ticket_type_not_found');
  });

  it('narrow the sale of the event, never widen it', () => {
    const sale = { onSaleAt: at(9), offSaleAt: at(20) };
    const chosen = new Map([
      ['1', early],
      ['2', adult],
    ]);
    expect(saleOf(sale, chosen)).to.deep.equal({ onSaleAt: at(9), offSaleAt: at(12) });
    expect(saleOf({ onSaleAt: at(7) }, chosen)).to.deep.equal({
      onSaleAt: at(8),
      offSaleAt: at(12),
    });
    expect(saleOf({ onSaleAt: at(7) }, new Map())).to.deep.equal({
      onSaleAt: at(7),
      offSaleAt: null,
    });
  });

  it('are named in a refusal only where they narrowed the sale', () => {
    const refusal = { kind: 'refused', code: 'event_not_on_sale', detail: 'No.' } as const;
    const before = { ...refusal, extra: { onSaleAt: 'later' } };
    const after = { ...refusal, extra: { offSaleAt: 'then' } };
    const of = (why: typeof before | typeof after, type: TicketType, opens: number) =>
      explainSale(why, { onSaleAt: at(opens), offSaleAt: null }, new Map([['1', type]])).code;
    expect([
      of(before, adult, 7),
      of(after, adult, 7),
      of(before, early, 9),
      of(before, early, 7),
      of(after, early, 9),
    ]).to.deep.equal([
      'event_not_on_sale',
      'event_not_on_sale',
      'event_not_on_sale',
      'ticket_type_not_on_sale',
      'ticket_type_not_on_sale',
    ]);
    const other = { ...refusal, code: 'seat_unavailable' } as const;
    expect(explainSale(other, { onSaleAt: at(7) }, new Map([['1', early]])).code).to.equal(
      'seat_unavailable',
    );
  });

  const faulty: [string, TicketType[], RegExp][] = [
    ['with one id twice', [adult, { ...child, id: 'adult' }], /there twice/],
    ['without a default', [child], /Exactly one/],
    ['with two defaults', [adult, { ...early, default: true }], /Exactly one/],
    ['whose default has a price of its own', [{ ...child, default: true }], /costs what the event/],
    [
      'with a price for no category',
      [adult, { ...child, prices: [{ category: 'Boxes', priceMinor: 1 }] }],
      /no category/,
    ],
    ['whose sale ends first', [{ ...adult, salesFrom: at(9), salesUntil: at(9) }], /begin before/],
    ['at no date', [{ ...adult, salesFrom: new Date(Number.NaN) }], /dates that exist/],
  ];
  for (const [what, types, problem] of faulty) {
    it(`${what} are refused`, () => {
      expect(checkTicketTypes(types, ['Stalls', 'Gallery'], 'EUR')?.detail).to.match(problem);
    });
  }

  it('that are right, or none, are taken', () => {
    expect(checkTicketTypes(event.ticketTypes, ['Stalls', 'Gallery'], 'EUR')).to.equal(undefined);
    expect(checkTicketTypes([], ['Stalls'], 'EUR')).to.equal(undefined);
  });
});
