import { SetupError } from '@holdfast/stack/setup-error.ts';
import { ACCESS_HELP, openAccess } from './admin-access.ts';
import { type Command, type CommandInput, print } from './command.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Sweep = {
  sweepId: string;
  eventName: string;
  cause: string;
  state: string;
  startedAt: string;
};
type Report = Sweep & {
  endedAt: string | null;
  outcomes: Record<string, number>;
  remaining: number;
  perSecond: number;
};

export const sweeps: Command = {
  name: 'sweeps',
  summary: 'follow, pause and resume what a cancelled or moved event does to its bookings',
  operands: 'list|show|pause|resume [id]',
  options: { json: { type: 'boolean' }, url: { type: 'string' } },
  help: `  list          sweeps, the newest first
  show ID       how far it has come, and how its bookings fare
  pause ID      stop it after the batch it is at
  resume ID     go on; one that is done tries again what it passed over

${ACCESS_HELP}`,
  async run(input) {
    const { kind, sweepId } = readSweepsCommand(input);
    const ask = await openAccess(input, 'Run ./holdfast sweeps list for their ids and states.');
    if (kind === 'list') {
      const found = (await ask('GET', '/api/admin/sweeps')) as { sweeps: Sweep[] };
      print(input.json ? JSON.stringify(found) : renderSweeps(found.sweeps));
      return 0;
    }
    const path = `/api/admin/sweeps/${sweepId}`;
    const asked = kind === 'show' ? ask('GET', path) : ask('POST', `${path}/${kind}`);
    const found = (await asked) as { sweep: Report };
    print(input.json ? JSON.stringify(found) : renderReport(found.sweep));
    return 0;
  },
};

type SweepsCommand =
  | { kind: 'list'; sweepId?: undefined }
  | { kind: 'show' | 'pause' | 'resume'; sweepId: string };

/** What is asked for; throws what to write instead. */
export function readSweepsCommand({ operands }: Pick<CommandInput, 'operands'>): SweepsCommand {
  const [kind, id, ...rest] = operands;
  const usage = 'Write ./holdfast sweeps list, show ID, pause ID or resume ID.';
  if (kind === 'list' && id === undefined) return { kind };
  if ((kind === 'show' || kind === 'pause' || kind === 'resume') && rest.length === 0) {
    const sweepId = id?.toLowerCase() ?? '';
    if (UUID.test(sweepId)) return { kind, sweepId };
    throw new SetupError(`${id ?? 'Nothing'} is not the id of a sweep, a UUID.`, usage);
  }
  throw new SetupError(`sweeps ${operands.join(' ')} is not a command.`, usage);
}

/** A line a sweep, or a sentence when there is none. */
export function renderSweeps(found: readonly Sweep[]): string {
  if (found.length === 0) return 'No event with bookings was cancelled or moved.';
  return found
    .map(({ sweepId, startedAt, cause, state, eventName }) =>
      [sweepId, startedAt, cause.padEnd(11), state.padEnd(10), eventName].join('  '),
    )
    .join('\n');
}

export function renderReport(sweep: Report): string {
  const outcomes = Object.entries(sweep.outcomes)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${String(count).padStart(9)}  ${outcome.replaceAll('_', ' ')}`);
  const until = sweep.endedAt === null ? '' : ` until ${sweep.endedAt}`;
  return [
    `${sweep.eventName}: ${sweep.cause}, ${sweep.state}, from ${sweep.startedAt}${until}`,
    ...outcomes,
    `${String(sweep.remaining).padStart(9)}  to do (${sweep.perSecond} a second so far)`,
    `Each booking: GET /api/admin/sweeps/${sweep.sweepId}/report.csv`,
  ].join('\n');
}
