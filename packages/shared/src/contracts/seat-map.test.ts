import { expect } from 'chai';
import fc from 'fast-check';
import {
  readSeatMap,
  readSeatMapEntry,
  readSeatMapId,
  type SeatDelta,
  seatMapKey,
  statusOfDelta,
  writeSeatMap,
  writeSeatMapEntry,
  writeSeatMapId,
} from './seat-map.ts';

describe("the seat map's contract", () => {
  it('reads the entries it writes, whatever the order of their fields, and no others', () => {
    const changes: SeatDelta[] = [
      [0, 2, 1, 1_800_000_000_000],
      [7, 9, 2, 0, 1],
    ];
    const fields = writeSeatMapEntry({ epoch: 'e1', changes });
    expect(readSeatMapEntry(fields)).to.deep.equal({ epoch: 'e1', changes });
    const turned = [...fields.slice(2), 'more', 'x', ...fields.slice(0, 2)];
    expect(readSeatMapEntry(turned)).to.deep.equal({ epoch: 'e1', changes });
    expect(readSeatMapEntry(['epoch', 'e1'])).to.equal(undefined);
  });

  it('reads the ids it writes, and refuses what is not one', () => {
    const place = { epoch: '0198c9d4-0000-7000-8000-000000000001', streamId: '1799999999999-3' };
    expect(readSeatMapId(writeSeatMapId(place))).to.deep.equal(place);
    for (const id of ['', 'e1', 'e1~', '~1-1', 'e1~1', 'e1~1-1 ', 'e~1-1~2-2']) {
      expect(readSeatMapId(id), id).to.equal(undefined);
    }
  });

  it('writes a map in 20 bytes and two bits a seat, and reads it back; refuses what is cut short', () => {
    const codes = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 50 });
    fc.assert(
      fc.property(codes, fc.nat(), fc.nat(), (list, planVersion, asOfMs) => {
        const map = { planVersion, asOfMs, codes: Uint8Array.from(list) };
        const bytes = writeSeatMap(map);
        expect(bytes.length).to.equal(20 + Math.ceil(list.length / 4));
        expect(readSeatMap(bytes)).to.deep.equal(map);
        expect(readSeatMap(bytes.subarray(0, -1))).to.equal(undefined);
      }),
    );
    expect(readSeatMap(Buffer.from('{"seats":[]} and more than a header'))).to.equal(undefined);
  });

  it('tells a sale from a payment, and keeps the streams of one prefix apart', () => {
    const deltas: SeatDelta[] = [
      [0, 1, 0, 0],
      [0, 1, 1, 5],
      [0, 1, 2, 0],
      [0, 1, 2, 0, 1],
      [0, 1, 3, 0],
    ];
    expect(deltas.map(statusOfDelta)).to.deep.equal([
      'available',
      'held',
      'committing',
      'sold',
      'blocked',
    ]);
    expect(seatMapKey('t1.', 'e1')).to.equal('t1.seat-map:{e1}');
  });
});
