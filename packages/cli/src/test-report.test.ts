import { expect } from 'chai';
import { addUp, closingLine, listFailures } from './test-report.ts';

describe('adding up test reports', () => {
  const report = (workspace: string, passed: number, failed = 0, skipped = 0) => ({
    workspace,
    passed,
    failed,
    skipped,
    failures: [],
  });

  it('lists what failed with its workspace and error, and nothing where nothing did', () => {
    const failures = [{ title: 'a gate lets one in', error: 'Error: two\n    at gate.ts:1' }];
    expect(listFailures([report('/x/a', 3), { ...report('/x/b', 2, 1), failures }])).to.equal(
      'FAILED in b: a gate lets one in\n    Error: two\n        at gate.ts:1',
    );
    expect(listFailures([report('/x/a', 3)])).to.equal('');
  });

  it('adds every count, and counts a workspace without a report as one failure', () => {
    const counted = addUp([report('/a', 3, 1), report('/b', 2, 0, 1)], ['/a', '/b', '/c']);
    expect(counted).to.deep.equal({
      totals: { passed: 5, failed: 2, skipped: 1 },
      silent: ['/c'],
    });
  });

  it('names skipped tests only if there are some', () => {
    expect(closingLine({ passed: 2, failed: 0, skipped: 0 })).to.equal('2 passed, 0 failed');
    expect(closingLine({ passed: 2, failed: 1, skipped: 3 })).to.equal(
      '2 passed, 1 failed, 3 skipped',
    );
  });
});
