import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { TicketStatus } from '../booking.ts';

export const DIRECTIONS = ['entry', 'exit'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** What decides whether a ticket may pass a gate. */
export type Standing = {
  readonly status: TicketStatus;
  readonly epoch: number;
  readonly isInside: boolean;
  readonly isKeyRevoked: boolean;
  readonly isEventCancelled: boolean;
  /** The passage before, if any: an entry while it is inside. */
  readonly last: { readonly gate: string; readonly at: Date } | undefined;
};

/**
 * Why a ticket shown by a code of this epoch may not pass, undefined when it may. The filter of
 * `passTicket` is the rule; this says it in words, and a test holds both against the same cases.
 */
export function refusalOf(
  shown: { epoch: number; direction: Direction },
  ticket: Standing,
): Refusal | undefined {
  if (ticket.isKeyRevoked) {
    return refused(
      'ticket_code_outdated',
      'The code was signed with a key that is no longer used: the holder has to open the ticket anew.',
    );
  }
  if (ticket.status === 'void') {
    return refused('ticket_void', 'The ticket was cancelled: it lets nobody in.');
  }
  if (ticket.status === 'reserved') {
    return refused('ticket_not_live', 'The ticket is not paid yet.');
  }
  if (ticket.epoch !== shown.epoch) {
    return refused(
      'ticket_transferred',
      'The ticket was passed on to somebody else, who has the code that lets in.',
    );
  }
  if (shown.direction === 'exit') {
    return ticket.isInside
      ? undefined
      : refused('ticket_not_inside', 'Nobody is inside with this ticket.');
  }
  if (ticket.isEventCancelled) {
    return refused('event_cancelled', 'The event of this ticket will not take place.');
  }
  if (!ticket.isInside) return undefined;
  const { gate, at } = ticket.last ?? { gate: 'a gate', at: undefined };
  return refused(
    'ticket_inside',
    `Somebody went in with this ticket at ${gate}${at ? ` at ${at.toISOString()}` : ''}.`,
    { gate, ...(at && { since: at.toISOString() }) },
  );
}
