import { readEnvironment } from '@holdfast/stack/config.ts';
import { SetupError } from '@holdfast/stack/setup-error.ts';
import type { CommandInput } from './command.ts';
import { findRunning } from './running-system.ts';

const ANSWER_LIMIT_MS = 15_000;

/** Asks the system as an admin; throws what to do when it says no. */
export type Ask = (method: 'GET' | 'POST', path: string, body?: object) => Promise<unknown>;

/** Of the option that commands with this access have. */
export const ACCESS_HELP = `  --url URL          another system than the one that runs here, as an admin whose access token
                     is in HOLDFAST_TOKEN`;

/**
 * Access as an admin to the system that runs here, or to the one of `--url`. `remedy` is what to do
 * when the system refuses.
 */
export async function openAccess(
  { dataDir, values, signal }: CommandInput,
  remedy: string,
): Promise<Ask> {
  const url = values.get('url')?.replace(/\/+$/, '');
  if (url !== undefined) {
    const token = readEnvironment().HOLDFAST_TOKEN;
    if (token) return askAt({ url, token, remedy, signal });
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
  if (accessToken) return askAt({ url: running.urls.gateway, token: accessToken, remedy, signal });
  throw new SetupError(
    `The admin of ${dataDir} could not log in (${login.status}).`,
    'If its password was changed, use --url and HOLDFAST_TOKEN.',
  );
}

function askAt(at: { url: string; token: string; remedy: string; signal: AbortSignal }): Ask {
  const { url, token, remedy, signal } = at;
  return async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
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
        : remedy,
    );
  };
}
