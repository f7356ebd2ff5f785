import type { Buyer } from '../issuer.ts';
import type { SeededEvent } from '../seeding.ts';
import { send, type WireRequest } from './plan.ts';

/** A request to hold seats of an event. */
export function holdRequest(
  { token }: Buyer,
  { eventId }: Pick<SeededEvent, 'eventId'>,
  body: object,
): WireRequest {
  return { text: send('POST', `/api/events/${eventId}/holds`, token, body) };
}
