import { id, instant } from '@holdfast/shared/contracts/fields.ts';
import { ROLES, type Role, TIERS } from '@holdfast/shared/contracts/users.ts';
import Joi from 'joi';

/** Roles that a person can have; `service` belongs to service clients alone. */
export const PERSONAL_ROLES: readonly Role[] = ROLES.filter((role) => role !== 'service');

// biome-ignore lint/suspicious/noControlCharactersInRegex: it refuses them; a line break in a name would reach mail headers.
const PRINTABLE = /^[^\u0000-\u001f\u007f]*[^\u0000-\u0020\u007f][^\u0000-\u001f\u007f]*$/;

/** Printable ASCII with a dotted domain; spaces around it are cut and letters made small. */
export const email = () =>
  Joi.string()
    .max(254)
    .pattern(/^\s*[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\s*$/, 'mail address')
    .description('Mail address; an international domain in its xn-- form')
    .example('mara.lindqvist@example.org');
/** A password to be set. */
export const newPassword = () =>
  Joi.string().min(10).max(200).description('10 to 200 characters; a sentence is a good one');
/** A password to be compared. */
export const password = () => Joi.string().min(1).max(200);
export const name = () =>
  Joi.string().max(120).pattern(PRINTABLE, 'name').description('As shown to others; not blank');
export const phone = () =>
  Joi.string()
    .pattern(/^\+?[0-9][0-9 ()./-]{4,30}$/, 'phone number')
    .description('Phone number, best in international form')
    .example('+43 660 1234567');
export const roles = () =>
  Joi.array()
    .items(Joi.string().valid(...PERSONAL_ROLES))
    .unique()
    .min(1)
    .description('The whole set of roles');
export const tier = () => Joi.string().valid(...TIERS);
export const secret = () => Joi.string().min(1).max(200);
/** Has the form of a refresh token or of a client's secret, and is neither. */
export const EXAMPLE_SECRET = 'm5Ffqz0qRpu1yXG0bJd3mBq9u0c4o5mXk1m1cYvJr1E';

const account = () =>
  Joi.object({
    userId: id().required(),
    email: Joi.string().required(),
    name: Joi.string().required(),
    phone: Joi.string().allow(null).required(),
    tier: tier().required(),
    roles: roles().required(),
    createdAt: instant().required(),
  });

export const accountAnswer = Joi.object({ user: account().required() });
export const profileAnswer = Joi.object({
  user: account().required(),
  standing: Joi.object({
    bookings: Joi.number().integer().min(0).required().description('That count at present'),
    windowDays: Joi.number().integer().required().description('For which a booking counts'),
    next: Joi.object({
      tier: tier().required(),
      bookings: Joi.number().integer().min(1).required().description('How many more it takes'),
    })
      .allow(null)
      .required()
      .description('Null at the highest tier, and where an admin set the tier'),
  }).required(),
});
export const accountsAnswer = Joi.object({ users: Joi.array().items(account()).required() });

const accessToken = {
  accessToken: Joi.string().required().description('JWT, EdDSA; send it as Bearer'),
  expiresIn: Joi.number().integer().required().description('Seconds until it ends'),
};
export const serviceTokenAnswer = Joi.object(accessToken);
export const grantAnswer = Joi.object({
  user: account().required(),
  ...accessToken,
  refreshToken: Joi.string().required().description('Works once, at /api/auth/refresh'),
});
