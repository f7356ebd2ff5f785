import { SetupError } from '@holdfast/stack/setup-error.ts';
import { ACCESS_HELP, openAccess } from './admin-access.ts';
import { type Command, type CommandInput, print } from './command.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Open = {
  bookingId: string;
  status: string;
  seconds: number;
  waitsFor: string;
  attempts: number | null;
  error: string | null;
};
type Step = {
  step: string;
  state: string;
  since: string;
  endedAt: string | null;
  attempts: number;
};
type Explained = { booking: object; steps: Step[]; summary: string; advice: string };

export const bookings: Command = {
  name: 'bookings',
  summary: 'list, explain and resume bookings that wait',
  operands: 'list|explain|resume [id]',
  options: {
    json: { type: 'boolean' },
    stuck: { type: 'boolean' },
    status: { type: 'string' },
    url: { type: 'string' },
  },
  help: `  list          bookings that are not at rest, those that wait longest first
  explain ID    the steps of a booking, what it waits for, and what may be done
  resume ID     ask catalog or the payment provider again at once; never decides an outcome

  --stuck            of the list, only what rests for longer than it may
  --status STATUS    of the list, only pending, authorized, capturing or voiding
${ACCESS_HELP}`,
  async run(input) {
    const command = readBookingsCommand(input);
    const ask = await openAccess(input, 'Run ./holdfast bookings list for those that wait.');
    if (command.kind === 'list') {
      const found = (await ask('GET', `/api/admin/bookings?${command.query}`)) as {
        bookings: Open[];
      };
      print(input.json ? JSON.stringify(found) : renderList(found.bookings));
      return 0;
    }
    const path = `/api/admin/bookings/${command.bookingId}`;
    if (command.kind === 'explain') {
      const found = (await ask('GET', path)) as Explained;
      print(input.json ? JSON.stringify(found) : renderExplained(found));
      return 0;
    }
    const found = (await ask('POST', `${path}/resume`)) as { done: string };
    const next = `Follow it with ./holdfast bookings explain ${command.bookingId}.`;
    print(input.json ? JSON.stringify(found) : `${found.done.replaceAll('_', ' ')}. ${next}`);
    return 0;
  },
};

type BookingsCommand =
  | { kind: 'list'; query: string }
  | { kind: 'explain' | 'resume'; bookingId: string };

/** What is asked for; throws what to write instead. */
export function readBookingsCommand(
  input: Pick<CommandInput, 'operands' | 'flags' | 'values'>,
): BookingsCommand {
  const [kind, id, ...rest] = input.operands;
  const usage = 'Write ./holdfast bookings list, explain ID or resume ID.';
  if (kind === 'list' && id === undefined) {
    const status = input.values.get('status');
    return {
      kind,
      query: new URLSearchParams({
        ...(input.flags.has('stuck') && { stuck: 'true' }),
        ...(status && { status }),
      }).toString(),
    };
  }
  if ((kind === 'explain' || kind === 'resume') && rest.length === 0) {
    const bookingId = id?.toLowerCase() ?? '';
    if (UUID.test(bookingId)) return { kind, bookingId };
    throw new SetupError(`${id ?? 'Nothing'} is not the id of a booking, a UUID.`, usage);
  }
  throw new SetupError(`bookings ${input.operands.join(' ')} is not a command.`, usage);
}

/** A line a booking, or a sentence when there is none. */
export function renderList(found: readonly Open[]): string {
  if (found.length === 0) return 'No booking waits.';
  return found
    .map(({ bookingId, status, seconds, waitsFor, attempts, error }) =>
      [
        bookingId,
        status.padEnd(10),
        `${Math.round(seconds)} s`.padStart(8),
        `waits for ${waitsFor}`,
        attempts ? `asked ${attempts} times` : '',
        error ?? '',
      ]
        .filter((part) => part !== '')
        .join('  '),
    )
    .join('\n');
}

function renderExplained({ steps, summary, advice }: Explained): string {
  const lines = steps.map(({ step, state, since, endedAt, attempts }) =>
    [
      since,
      step.padEnd(20),
      state.padEnd(8),
      endedAt === null ? '' : `until ${endedAt}`,
      attempts > 1 ? `asked ${attempts} times` : '',
    ]
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n\n${summary}\n${advice}`;
}
