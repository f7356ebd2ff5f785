import { expect } from 'chai';
import { judge } from './judge.ts';
import { type BenchReport, isVoid, renderReport } from './report.ts';
import type { Sample } from './workload.ts';

const sample = (perSecond: number): Sample => ({
  perSecond,
  answered: 100,
  seconds: 1,
  outcomes: { 201: 100 },
  cpuMicros: { own: 50_000, stores: undefined, load: 1_000 },
});

const samples = new Map([
  ['a', [sample(60), sample(50)]],
  ['b', [sample(100), sample(50)]],
]);

describe('bars', () => {
  it('are reached at their value and short of it below, by the median of the ratios', () => {
    const at = (atLeast: number) =>
      judge([{ kind: 'ratio', of: 'a', to: 'b', atLeast }], samples, [])[0];
    expect(at(0.8)).to.deep.equal({
      what: 'a / b',
      wanted: 'at least 0.8',
      reached: { median: 0.8, least: 0.6, most: 1 },
      outcome: 'PASS',
      isAim: false,
    });
    expect(at(0.81)?.outcome).to.equal('SHORT');
  });

  it('for a figure have both ends, and are unmeasured without it', () => {
    const figures = [{ name: 'seats held', value: 100, unit: '' }];
    const exactly = (seats: number) =>
      judge(
        [{ kind: 'figure', figure: 'seats held', atLeast: seats, atMost: seats }],
        samples,
        figures,
      )[0]?.outcome;
    expect([99, 100, 101].map(exactly)).to.deep.equal(['SHORT', 'PASS', 'SHORT']);
    const [unmeasured, absent] = judge(
      [
        { kind: 'figure', figure: 'something else', atMost: 1 },
        { kind: 'ratio', of: 'a', to: 'c', atLeast: 1 },
      ],
      samples,
      figures,
    );
    expect([unmeasured?.outcome, absent?.outcome]).to.deep.equal(['UNMEASURED', 'UNMEASURED']);
  });
});

describe('the report', () => {
  const report: BenchReport = {
    startedAt: '2026-11-21T10:00:00.000Z',
    machine: {
      cores: 2,
      processor: 'some',
      memoryGib: 24,
      kernel: '6.1',
      node: 'v24',
      stores: ['mongodb 8'],
      loadBefore: 0.1,
    },
    rounds: 2,
    quick: false,
    generator: { perSecond: 10_000, cpuMicros: 20 },
    workloads: [
      {
        id: 'W0',
        title: 'something',
        contenders: [{ name: 'a', what: 'the subject', samples: samples.get('a') ?? [] }],
        figures: [{ name: 'seats held', value: 100, unit: '' }],
        verdicts: judge([{ kind: 'ratio', of: 'a', to: 'b', atLeast: 0.9 }], samples, []),
        voidedBy: [],
      },
    ],
  };

  it('has rates, CPU an answer, bars and figures, and says what is not known', () => {
    const page = renderReport(report);
    expect(page).to.include('| **SHORT** | a / b | at least 0.9 | 0.8 | 0.6 to 1 |');
    expect(page).to.include(
      '| a | 55 (50 to 60) |  | 500 | unknown | 10 | 201: 200 | the subject |',
    );
    expect(page).to.include('| seats held | 100 |');
    expect(page).not.to.include('VOID');
    expect(isVoid(report)).to.equal(false);
  });

  it('is void by one finding of one workload, and says so above the figures', () => {
    const [workload] = report.workloads;
    const voided = {
      ...report,
      workloads: [...report.workloads, { ...workload!, voidedBy: ['a seat is held twice'] }],
    };
    expect(isVoid(voided)).to.equal(true);
    const page = renderReport(voided);
    expect(page.indexOf('- a seat is held twice')).to.be.within(
      page.indexOf('VOID'),
      page.lastIndexOf('SHORT'),
    );
  });
});
