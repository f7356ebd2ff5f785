import { askFor } from '../ask.ts';
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
export function fetchHold({ url, requests }: LoadPlan): Promise<unknown> {
  const [head = '', body = ''] = (requests[0]?.text ?? '').split('\r\n\r\n');
  const token = /authorization: Bearer (.*)\r\n/.exec(head)?.[1] ?? '';
  const path = head.split(' ')[1] ?? '';
  return askFor({ url }, 'POST', path, { as: { userId: '', token }, body: JSON.parse(body) });
}
