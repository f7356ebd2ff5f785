import Joi from 'joi';
import type { Contract } from './contract.ts';
import { id, instant, timeZone } from './fields.ts';

/** What a buyer is to be told when the event of a booking has moved. */
export type MovedBooking = {
  bookingId: string;
  eventId: string;
  userId: string;
  eventName: string;
  venueName: string;
  /** Others may follow. */
  cause: 'postponed' | 'rescheduled';
  /** The start as the buyer knew it. */
  oldStartsAt: string;
  /** The start as it is known now; of a postponed event a new one may follow. */
  newStartsAt: string;
  timeZone: string;
  /** Until then the buyer may cancel free of charge. */
  freeCancelUntil: string;
};

export const bookingEventChanged: Contract<MovedBooking> = {
  type: 'booking.event_changed.v1',
  topic: 'booking.bookings',
  producer: 'booking',
  consumers: ['notifications'],
  summary: 'The event of a sold booking has moved: the tickets stay valid',
  schema: Joi.object<MovedBooking>({
    bookingId: id().required(),
    eventId: id().required(),
    userId: id().required(),
    eventName: Joi.string().required(),
    venueName: Joi.string().allow('').required(),
    // A consumer has to bear a cause that it does not know.
    cause: Joi.string()
      .pattern(/^[a-z_]{1,40}$/)
      .description('postponed or rescheduled; others may follow')
      .required(),
    oldStartsAt: instant().required(),
    newStartsAt: instant().required(),
    timeZone: timeZone().required(),
    freeCancelUntil: instant().required(),
  }),
  example: {
    bookingId: '0198c9d5-1111-7000-8000-000000000042',
    eventId: '0198c9d4-0000-7000-8000-000000000001',
    userId: '0198c9d4-0000-7000-8000-0000000000aa',
    eventName: 'Beethoven: the late quartets',
    venueName: 'Kammersaal am Fluss',
    cause: 'rescheduled',
    oldStartsAt: '2027-03-14T18:30:00.000Z',
    newStartsAt: '2027-04-18T17:30:00.000Z',
    timeZone: 'Europe/Vienna',
    freeCancelUntil: '2027-02-20T09:00:00.000Z',
  },
};
