import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { bookingConfirmed, bookingFailed } from '@holdfast/shared/contracts/bookings.ts';
import { eventCreated } from '@holdfast/shared/contracts/events.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { Mail } from '../src/mail.ts';
import { startWorld } from './world.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;

describe('the notifications process', () => {
  const started: ChildProcess[] = [];
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  function start(args: string[], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env.PATH, ...environment },
    });
    started.push(child);
    let [output, faults] = ['', ''];
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', (text) => {
      faults += text;
    });
    return {
      child,
      exited: once(child, 'close'),
      output: () => output,
      faults: () => faults,
      /** What it has printed so far with --json. */
      mails: (): Mail[] =>
        output
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line)),
    };
  }

  it('explains itself with --help, and says what is wrong with its options and settings', async function () {
    this.timeout(60_000);
    const [help, wrong, bare] = [start(['--help']), start(['--form-beginning']), start([])];
    expect((await help.exited)[0]).to.equal(0);
    expect(help.output()).to.include('--from-beginning').and.include('KAFKA_BROKERS');
    expect((await wrong.exited)[0]).to.equal(2);
    expect(wrong.faults()).to.include('--form-beginning').and.include('--help');
    expect((await bare.exited)[0]).to.equal(2);
    expect(bare.faults()).to.include('KAFKA_BROKERS').and.include('POSTGRES_URL');
  });

  it('killed while it takes messages in, prints each of them once when it is back', async function () {
    this.timeout(60_000);
    const world = await startWorld();
    const settings = { ...world.config, LOG_LEVEL: 'warn' };
    try {
      const first = start(['--json', '--from-beginning'], settings);
      const userId = await world.meet('Hal');
      const { eventId } = bookingConfirmed.example;
      await world.publish(world.message(eventCreated, { eventId }, { key: eventId }));
      await waitUntil('the welcome', () => first.mails().length === 1, { limitMs: 30_000 });
      const bookings = Array.from({ length: 30 }, () =>
        world.message(bookingConfirmed, { userId, bookingId: newId() }),
      );
      await world.publish(...bookings.slice(0, 10));
      await waitUntil('some mails', () => first.mails().length === 11);
      // From here on it comes as far as its transaction, and no further.
      const owner = await world.connect();
      await owner.query('begin');
      await owner.query('lock table mails in exclusive mode');
      await world.publish(...bookings, ...bookings.slice(5));
      await waitUntil('it to stand in a transaction', async () => {
        const { rows } = await owner.query(
          `select 1 from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return rows.length > 0;
      });
      first.child.kill('SIGKILL');
      await first.exited;
      await owner.query('rollback');
      await owner.end();
      const second = start(['--json'], settings);
      // Behind each of them in its partition; when these have come, nothing comes again.
      const after = bookings.map(({ key }) => world.message(bookingFailed, { userId }, { key }));
      await world.publish(...after);
      await waitUntil('the last of all', () => second.mails().length >= 20 + after.length, {
        limitMs: 30_000,
      });
      second.child.kill('SIGTERM');
      expect((await second.exited)[0]).to.equal(0);
      const printed = [...first.mails(), ...second.mails()].map(({ messageId }) => messageId);
      expect(printed.slice(1)).to.have.members(
        [...bookings, ...after].map(({ id }) => `<${id}@holdfast>`),
      );
    } finally {
      for (const child of started) child.kill('SIGKILL');
      await world.stop();
    }
  });
});
