import { readEnvironment } from '@holdfast/stack/config.ts';
import { SetupError } from '@holdfast/stack/setup-error.ts';
import { type Command, type CommandInput, print } from './command.ts';
import { findRunning } from './running-system.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ANSWER_LIMIT_MS = 15_000;

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

/** Asks the system as an admin; throws what to do when it says no. */
type Ask = (method: 'GET' | 'POST', path: string) => Promise<unknown>;

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
  --url URL          another system than the one that runs here, as an admin whose access token
                     is in HOLDFAST_TOKEN`,
  async run(input) {
    const command = readBookingsCommand(input);
    const ask = await openAccess(input);
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

async function openAccess({ dataDir, values, signal }: CommandInput): Promise<Ask> {
  const url = values.get('url')?.replace(/\/+$/, '');
  if (url !== undefined) {
    const token = readEnvironment().HOLDFAST_TOKEN;
    if (token) return askAt(url, token, signal);
    throw new SetupError(
      'HOLDFAST_TOKEN is not set.',
      `Put the access token of an admin of ${url} into it (POST /api/auth/login answers one).`,
    );
  }
  const running = await findRunning(dataDir);
  if (!running) {
    throw new SetupError(
      `Nothing is running in ${dataDir}.`,
      'Start it with ./holdfast up, or name a system with --url.',
    );
  }
  const login = await fetch(`${running.urls.gateway}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(running.admin),
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]),
  });
  const { accessToken } = (await login.json()) as { accessToken?: string };
  if (accessToken) return askAt(running.urls.gateway, accessToken, signal);
  throw new SetupError(
    `The admin of ${dataDir} could not log in (${login.status}).`,
    'If its password was changed, use --url and HOLDFAST_TOKEN.',
  );
}

function askAt(url: string, token: string, signal: AbortSignal): Ask {
  return async (method, path) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]),
    }).catch((error: unknown) => {
      throw new SetupError(`${url} does not answer: ${String(error)}`, 'Look whether it is up.');
    });
    const answer = (await response.json().catch(() => ({}))) as { detail?: string; title?: string };
    if (response.ok) return answer;
    throw new SetupError(
      answer.detail ?? answer.title ?? `${url}${path} answered ${response.status}.`,
      response.status === 401 || response.status === 403
        ? 'Use the access token of an admin.'
        : 'Run ./holdfast bookings list for those that wait.',
    );
  };
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
