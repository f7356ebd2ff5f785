import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '@holdfast/stack/cache.ts';
import { silentProgress } from '@holdfast/stack/progress.ts';
import { expect } from 'chai';
import { MongoClient } from 'mongodb';
import { chooseWorkloads } from '../src/registry.ts';
import { isVoid } from '../src/report.ts';
import { runBench } from '../src/run-bench.ts';
import type { Workload } from '../src/workload.ts';
import { fewSeats } from '../src/workloads/w6-few-seats.ts';
import { given } from './given.ts';

describe('a quick run', function () {
  this.timeout(90_000);
  let dataDir: string;
  let mongo: MongoClient;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'holdfast-bench-test-'));
    mongo = new MongoClient(given('MONGODB_URL'));
  });
  after(async () => {
    await mongo.close();
    await removeTree(dataDir);
  });

  const run = (workload: Workload) =>
    runBench({
      workloads: [workload],
      dataDir,
      rounds: 1,
      quick: true,
      progress: silentProgress,
      signal: new AbortController().signal,
    });

  it('measures a workload and its baseline, finds the stores in order, and writes both reports', async () => {
    const { report, files } = await run(fewSeats);
    const [workload] = report.workloads;
    expect(isVoid(report), JSON.stringify(workload?.voidedBy)).to.equal(false);
    expect(workload?.contenders.map(({ name }) => name)).to.deep.equal(['holdfast', 'HTTP floor']);
    const [subject, floor] = workload?.contenders ?? [];
    expect(subject?.samples[0]?.outcomes['201']).to.equal(100);
    expect(floor?.samples[0]?.outcomes).to.deep.equal({ '409 seat_unavailable': 600 });
    expect(subject?.samples[0]?.cpuMicros.own).to.be.greaterThan(0);
    const held = workload?.verdicts.find(({ what }) => what === 'seats held');
    expect(held).to.deep.include({ wanted: 'exactly 100', outcome: 'PASS' });
    expect(report.generator.perSecond).to.be.greaterThan(100);
    const [page = '', json = ''] = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    expect(page).to.include('## W6: 10,000 buyers for 100 seats');
    expect(JSON.parse(json)).to.deep.equal(JSON.parse(JSON.stringify(report)));
  });

  it('is void when a seat was lost before the audit, and leaves nothing behind', async () => {
    const { report } = await run({
      ...fewSeats,
      async prepare(bench) {
        const prepared = await fewSeats.prepare(bench);
        return {
          ...prepared,
          // Nothing but the audit is to be tried here.
          contenders: prepared.contenders.slice(0, 1),
          bars: [],
          figures: async () => [],
          async audit() {
            const seats = mongo.db(`bench_w6_${bench.run}`).collection('seats');
            await seats.deleteOne({ status: 'held' });
            return prepared.audit();
          },
        };
      },
    });
    expect(isVoid(report)).to.equal(true);
    expect(report.workloads[0]?.voidedBy.join()).to.include('should have 100 seats and has 99');
    const { databases } = await mongo.db('admin').admin().listDatabases();
    expect(databases.filter(({ name }) => name.startsWith('bench_w6'))).to.deep.equal([]);
  });
});

describe('choosing workloads', () => {
  it('takes ids and groups in any case, each once, in their own order; all without a word', () => {
    const ids = (...words: string[]) => chooseWorkloads(words).map(({ id }) => id);
    expect(ids('w6', 'W4', 'w6')).to.deep.equal(['W4', 'W6']);
    expect(ids('catalog')).to.include.members(['W1', 'W15']);
    expect(ids()).to.include.members(ids('catalog'));
  });

  it('leaves growth out unless it is asked for, and then takes nothing else by itself', () => {
    const ids = (growth: boolean, ...words: string[]) =>
      chooseWorkloads(words, growth).map(({ id }) => id);
    expect(ids(false)).not.to.include('G1');
    const growth = ['G1', 'G2', 'G3'];
    expect(ids(true)).to.deep.equal(growth);
    expect(ids(true, 'W4')).to.deep.equal(['W4', ...growth]);
    expect(ids(false, 'growth')).to.deep.equal(growth);
    expect(ids(false, 'G2')).to.deep.equal(['G2']);
  });

  it('names what there is when a word is none of them', () => {
    expect(() => chooseWorkloads(['W99'])).to.throw('no workload or group "W99"');
  });
});
