import type { Standing } from '../src/tickets/admission.ts';

/** Who may pass a gate: the pure function and the filter of the store are held against the same. */
export const ADMISSIONS: readonly {
  readonly what: string;
  readonly direction: 'entry' | 'exit';
  readonly ticket: Partial<Omit<Standing, 'last'>>;
  readonly code: string | undefined;
}[] = [
  { what: 'a live ticket', direction: 'entry', ticket: {}, code: undefined },
  {
    what: 'a ticket that is inside',
    direction: 'entry',
    ticket: { isInside: true },
    code: 'ticket_inside',
  },
  {
    what: 'the exit of one that is inside',
    direction: 'exit',
    ticket: { isInside: true },
    code: undefined,
  },
  {
    what: 'the exit of one that is not',
    direction: 'exit',
    ticket: {},
    code: 'ticket_not_inside',
  },
  { what: 'a void ticket', direction: 'entry', ticket: { status: 'void' }, code: 'ticket_void' },
  {
    what: 'an unpaid ticket',
    direction: 'entry',
    ticket: { status: 'reserved' },
    code: 'ticket_not_live',
  },
  {
    what: 'a code of an earlier epoch',
    direction: 'entry',
    ticket: { epoch: 2 },
    code: 'ticket_transferred',
  },
  {
    what: 'a code of a revoked key',
    direction: 'entry',
    ticket: { isKeyRevoked: true },
    code: 'ticket_code_outdated',
  },
  {
    what: 'a ticket of a cancelled event',
    direction: 'entry',
    ticket: { isEventCancelled: true },
    code: 'event_cancelled',
  },
  {
    what: 'the exit from a cancelled event',
    direction: 'exit',
    ticket: { isEventCancelled: true, isInside: true },
    code: undefined,
  },
];
