import { expect } from 'chai';
import { csvLine } from './export-text.ts';

describe('lines of CSV', () => {
  it('quote what would break a cell, leave the rest, and keep null and empty text apart', () => {
    const cells = ['Mara', 'a "b"', 'x,y', 'two\nlines', '', null, undefined, -4_800, true];
    expect(csvLine(cells)).to.equal('Mara,"a ""b""","x,y","two\nlines","",,,-4800,true\r\n');
  });

  it('disarm texts that a spreadsheet would run, not numbers', () => {
    expect(csvLine(['=1+1', '+1', '-1', '@a', 'a=1', -1])).to.equal(
      `"'=1+1","'+1","'-1","'@a",a=1,-1\r\n`,
    );
  });
});
