import { SetupError } from '@holdfast/stack/setup-error.ts';
import { type Command, type CommandInput, print } from './command.ts';
import { findRunning, type RunFile } from './running-system.ts';

export const AUDIT_MODULE = '@holdfast/auditor/audit.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const audit: Command = {
  name: 'audit',
  summary: 'check every invariant over the stores of the running system',
  operands: '',
  options: {
    json: { type: 'boolean' },
    chain: { type: 'boolean' },
    booking: { type: 'string' },
    seat: { type: 'string' },
  },
  help: `Reads seats, tickets, money and messages from the stores. Exits with 1 if any is wrong.
One of these instead asks for less:

  --chain              follow every audit chain; name the first altered entry, exit with 1
  --booking ID         the timeline of a booking and its holds: all that became of them, and who did it
  --seat EVENT/SEAT    the timeline of a seat over both stores: holds, blocks, bookings, tickets`,
  async run(input) {
    const asked = readQuestion(input);
    const running = await findRunning(input.dataDir);
    if (!running) {
      throw new SetupError(
        `Nothing is running in ${input.dataDir}.`,
        'Start it with ./holdfast up, or with ./holdfast demo --keep, and audit it from a second terminal.',
      );
    }
    if (asked.kind === 'invariants') return checkInvariants(running, input.json);
    const { openSources } = await import('@holdfast/auditor/sources.ts');
    const sources = await openSources({ env: { ...running.env }, urls: running.urls });
    try {
      if (asked.kind === 'chain') {
        const { followChains, renderChains } = await import('@holdfast/auditor/chains.ts');
        const report = await followChains(sources);
        print(input.json ? JSON.stringify(report) : renderChains(report));
        return report.ok ? 0 : 1;
      }
      const { bookingTimeline, renderTimeline, seatTimeline } = await import(
        '@holdfast/auditor/timelines.ts'
      );
      const timeline =
        asked.kind === 'booking'
          ? await bookingTimeline(sources, asked.bookingId)
          : await seatTimeline(sources, asked);
      if (timeline.now === undefined && timeline.happenings.length === 0) {
        throw new SetupError(
          `There is no such ${asked.kind} in ${input.dataDir}.`,
          'Check the id; `--data-dir` names another system.',
        );
      }
      print(input.json ? JSON.stringify(timeline) : renderTimeline(timeline));
      return 0;
    } finally {
      await sources.close();
    }
  },
};

type Question =
  | { kind: 'invariants' }
  | { kind: 'chain' }
  | { kind: 'booking'; bookingId: string }
  | { kind: 'seat'; eventId: string; seatId: string };

/** What is asked for; throws what to write instead. */
export function readQuestion({ flags, values }: Pick<CommandInput, 'flags' | 'values'>): Question {
  const booking = values.get('booking')?.toLowerCase();
  const seat = values.get('seat');
  if ([flags.has('chain'), booking !== undefined, seat !== undefined].filter(Boolean).length > 1) {
    throw new SetupError(
      '--chain, --booking and --seat are questions of their own.',
      'Ask one at a time.',
    );
  }
  if (flags.has('chain')) return { kind: 'chain' };
  if (booking !== undefined) {
    if (!UUID.test(booking)) throw wrong('--booking', booking, 'the id of a booking, a UUID');
    return { kind: 'booking', bookingId: booking };
  }
  if (seat === undefined) return { kind: 'invariants' };
  const [eventId = '', ...rest] = seat.split('/');
  const seatId = rest.join('/');
  if (!UUID.test(eventId.toLowerCase()) || seatId === '') {
    throw wrong(
      '--seat',
      seat,
      'EVENT/SEAT, such as 0198c9d4-0000-7000-8000-000000000001/STALLS-C-14',
    );
  }
  return { kind: 'seat', eventId: eventId.toLowerCase(), seatId };
}

function wrong(option: string, value: string, wanted: string): SetupError {
  return new SetupError(`${option} ${value} is not what is asked for.`, `Give ${wanted}.`);
}

async function checkInvariants(running: RunFile, json: boolean): Promise<number> {
  const { audit: runAudit } = await import('@holdfast/auditor/audit.ts');
  const { ok, checks, findings, report } = await runAudit({
    env: { ...running.env },
    urls: running.urls,
  });
  print(json ? JSON.stringify({ ok, checks, findings }) : report);
  return ok ? 0 : 1;
}
