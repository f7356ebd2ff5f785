import type { Buyer } from '../issuer.ts';
import type { SeededEvent } from '../seeding.ts';
import { type LoadPlan, send, type WireRequest } from './plan.ts';

/** A request to hold seats of an event. */
export function holdRequest(
  { token }: Buyer,
  { eventId }: Pick<SeededEvent, 'eventId'>,
  body: object,
): WireRequest {
  return { text: send('POST', `/api/events/${eventId}/holds`, token, body) };
}

/** The first hold of a plan as catalog answers it, for the floor to give out the same bytes. */
export async function fetchHold({ url, requests }: LoadPlan): Promise<unknown> {
  const [head = '', body = ''] = (requests[0]?.text ?? '').split('\r\n\r\n');
  const response = await fetch(url + (head.split(' ')[1] ?? ''), {
    method: 'POST',
    headers: {
      authorization: /authorization: (.*)\r\n/.exec(head)?.[1] ?? '',
      'content-type': 'application/json',
    },
    body,
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`A hold was answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
