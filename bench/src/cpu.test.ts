import { expect } from 'chai';
import { cpuMicrosOf, readCpuMicros } from './cpu.ts';

const LINE =
  '4711 (a (strange) name) S 1 4711 4711 0 -1 4194560 900 0 0 0 150 25 7 3 20 0 11 0 100 2 3';

describe('CPU time from /proc', () => {
  it('adds user and system time, of waited-for children too, past a name with brackets', () => {
    expect(readCpuMicros(LINE)).to.equal((150 + 25 + 7 + 3) * 10_000);
  });

  it('refuses a line that is something else', () => {
    expect(() => readCpuMicros('4711 (x) S 1')).to.throw('no line of /proc');
  });

  it('sees the work of this very process, and nothing of one that is not there', async () => {
    const before = await cpuMicrosOf([process.pid]);
    const own = process.cpuUsage();
    while (process.cpuUsage(own).user < 100_000) Math.sqrt(Math.random());
    const used = (await cpuMicrosOf([process.pid])) - before;
    expect(used).to.be.within(70_000, 2_000_000);
    expect(await cpuMicrosOf([2 ** 30])).to.equal(0);
  });
});
