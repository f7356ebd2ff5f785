import Joi from 'joi';

/**
 * Fields that several contracts and HTTP schemas share. They are written with patterns, so
 * that the JSON Schemas emitted from them say exactly what is checked.
 */
const UUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const INSTANT =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d{1,9})?Z$/;
const YEAR_ONE = Date.parse('0001-01-01T00:00:00Z');

export const id = () => Joi.string().pattern(UUID, 'UUID').description('UUID');
export const instant = () =>
  Joi.string()
    .pattern(INSTANT, 'instant')
    .description('Instant, ISO 8601 in UTC')
    .example('2027-03-14T19:30:00.000Z');
/** Whether the calendar has such a day: the form alone lets 31 February pass, which no store takes. */
export function isInCalendar(instant: string): boolean {
  const at = new Date(instant);
  return at.getTime() >= YEAR_ONE && at.toISOString().startsWith(instant.slice(0, 10));
}
export const minor = () =>
  Joi.number().integer().min(0).description('Amount in the minor unit of the currency');
export const currency = () =>
  Joi.string()
    .pattern(/^[A-Z]{3}$/, 'ISO 4217 code')
    .description('ISO 4217 code')
    .example('EUR');
export const seatId = () =>
  Joi.string().min(1).max(64).description('Seat id, unique in its event').example('STALLS-C-14');
export const timeZone = () =>
  Joi.string().min(1).max(64).description('IANA time zone').example('Europe/Vienna');
