import type { EventStatus } from '@holdfast/shared/contracts/events.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Event, SoldEvent } from './event.ts';

/** Statuses as people see them: those that are stored, and what follows from time and seats. */
export const SHOWN_STATUSES = [
  'draft',
  'published',
  'on_sale',
  'off_sale',
  'postponed',
  'rescheduled',
  'sold_out',
  'cancelled',
  'completed',
] as const;
export type ShownStatus = (typeof SHOWN_STATUSES)[number];

/** Statuses in which seats are sold, within the window of the sale. */
export const SELLING: readonly EventStatus[] = ['published', 'rescheduled'];
/** Statuses of events that take place as far as anyone knows. */
export const STANDING: readonly EventStatus[] = [...SELLING, 'off_sale', 'postponed'];

/** An event without an end is taken to be over so long after its start. */
export const USUAL_LENGTH_MS = 12 * 3_600_000;

type Times = Pick<Event, 'status' | 'startsAt' | 'onSaleAt'> & {
  endsAt?: Date | null;
  offSaleAt?: Date | null;
};

/**
 * What people see of an event's status at an instant, with the seats left where they are known. It
 * is for show: what decides about a take is the stored status and the window, by the store's clock.
 */
export function shownStatusOf(event: Times, now: Date, left?: number): ShownStatus {
  const { status, startsAt, onSaleAt, offSaleAt } = event;
  if (status === 'draft' || status === 'cancelled' || status === 'postponed') return status;
  if (now.getTime() >= endOf(event)) return 'completed';
  if (status === 'off_sale' || (offSaleAt && offSaleAt <= now)) return 'off_sale';
  if (now < onSaleAt) return status;
  if (left === 0) return 'sold_out';
  return status === 'rescheduled' && now < startsAt ? 'rescheduled' : 'on_sale';
}

export function endOf({ startsAt, endsAt }: Times): number {
  return endsAt?.getTime() ?? startsAt.getTime() + USUAL_LENGTH_MS;
}

/** The next instant at which time alone changes the shown status; undefined if none is to come. */
export function nextTurnOf(event: Times, now: Date): Date | undefined {
  const turns = [event.onSaleAt, event.offSaleAt, event.startsAt, new Date(endOf(event))];
  const [next] = turns
    .flatMap((turn) => (turn && turn > now ? [turn.getTime()] : []))
    .sort((a, b) => a - b);
  return next === undefined ? undefined : new Date(next);
}

const NEXT: Readonly<Record<EventStatus, readonly EventStatus[]>> = {
  draft: ['draft', 'published', 'cancelled'],
  published: ['published', 'off_sale', 'postponed', 'rescheduled', 'cancelled'],
  off_sale: ['off_sale', 'published', 'postponed', 'rescheduled', 'cancelled'],
  postponed: ['postponed', 'rescheduled', 'cancelled'],
  rescheduled: ['rescheduled', 'off_sale', 'postponed', 'cancelled'],
  cancelled: [],
};

/**
 * A cancelled event stays so, a published one is not hidden again, a postponed one comes back under
 * a new date only.
 */
export function checkStatusChange(
  event: Pick<Event, 'name' | 'status' | 'startsAt'>,
  to: Pick<Event, 'status' | 'startsAt'>,
): Refusal | undefined {
  if (event.status === 'cancelled') {
    return refused(
      'event_cancelled',
      `The event ${event.name} is cancelled and can not be changed.`,
    );
  }
  if (!NEXT[event.status].includes(to.status)) {
    return refused(
      'invalid_request',
      `An event that is ${event.status} can not become ${to.status}, but ${NEXT[event.status].join(', ')}.`,
    );
  }
  const isMoved = event.startsAt.getTime() !== to.startsAt.getTime();
  if (to.status === 'rescheduled' && event.status !== 'rescheduled' && !isMoved) {
    return refused('invalid_request', 'To reschedule an event, name its new startsAt.');
  }
  return undefined;
}

/** Why an event is none that takes place, as far as the public knows. */
export function refuseGone(event: SoldEvent | undefined, eventId: string): Refusal | undefined {
  if (event === undefined || !event.ready || event.status === 'draft') {
    return refused('event_not_found', `There is no event ${eventId} for sale.`);
  }
  if (event.status === 'cancelled') {
    return refused('event_cancelled', `The event ${event.name} will not take place.`);
  }
  return undefined;
}

/** Why nothing can be held for an event, whatever the seats; the window of its sale is their rule. */
export function refuseSale(event: SoldEvent | undefined, eventId: string): Refusal | undefined {
  const gone = refuseGone(event, eventId);
  if (gone || event === undefined) return gone;
  if (!SELLING.includes(event.status)) {
    const why = event.status === 'postponed' ? 'is postponed' : 'is not sold at present';
    return refused('event_not_on_sale', `The event ${event.name} ${why}: look again later.`, {
      eventStatus: event.status,
    });
  }
  return undefined;
}
