import Joi from 'joi';

/**
 * Fields that several contracts and HTTP schemas share. They are written with patterns, so
 * that the JSON Schemas emitted from them say exactly what is checked.
 */
const UUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
/** Days that the calendar has, from the year 1 on: the form alone would let 30 February pass. */
const DAY = [
  String.raw`\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])`,
  String.raw`(?:0[469]|11)-(?:0[1-9]|[12]\d|30)`,
  String.raw`02-(?:0[1-9]|1\d|2[0-8]))`,
  String.raw`(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29`,
].join('|');
const HOUR = String.raw`(?:[01]\d|2[0-3])`;
const INSTANT = new RegExp(String.raw`^(?!0000)(?:${DAY})T${HOUR}(?::[0-5]\d){2}(?:\.\d{1,9})?Z$`);
const ZONED_INSTANT = new RegExp(
  String.raw`^(?!0000)(?:${DAY})T${HOUR}:[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?(?:Z|[+-]${HOUR}:[0-5]\d)$`,
);
const UTC_FORM = 'an instant in UTC that exists, such as 2027-03-14T19:30:00Z';
const ZONED_FORM =
  'an instant that exists, with its offset from UTC, such as 2027-03-14T19:30:00+01:00';

/** Says what is wanted, not the pattern that was missed. */
const wants = (form: string) => ({ 'string.pattern.name': `{{#label}} must be ${form}` });

/** A UUID in either case, read in lower case: that is how the stores name things. */
export const id = () =>
  Joi.string()
    .pattern(UUID, 'UUID')
    .custom((value: string) => value.toLowerCase(), 'lower case')
    .description('UUID');
export const instant = () =>
  Joi.string()
    .pattern(INSTANT, 'instant')
    .messages(wants(UTC_FORM))
    .description('Instant, ISO 8601 in UTC')
    .example('2027-03-14T19:30:00.000Z');
/** An instant in a request may name its offset, so that it means the same everywhere. */
export const zonedInstant = () =>
  Joi.string()
    .pattern(ZONED_INSTANT, 'instant')
    .messages(wants(ZONED_FORM))
    .description('Instant, ISO 8601 with offset')
    .example('2027-03-14T19:30:00.000Z');
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
