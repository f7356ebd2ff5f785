import Joi from 'joi';
import type { Contract } from './contract.ts';
import { id } from './fields.ts';

export const ROLES = ['user', 'organizer', 'admin', 'analyst', 'scanner', 'service'] as const;
export type Role = (typeof ROLES)[number];
export const TIERS = ['regular', 'premium', 'vip'] as const;
export type Tier = (typeof TIERS)[number];

/** A user as it stands after the change. Never carries a secret. */
export type UserState = {
  userId: string;
  email: string;
  name: string;
  tier: Tier;
  roles: Role[];
};

/** The same after bookings raised or lowered the tier. */
export type TierChange = UserState & {
  previousTier: Tier;
  /** Bookings that count for the tier now. */
  confirmedBookings: number;
};

const example: UserState = {
  userId: '0198c9d4-0000-7000-8000-0000000000aa',
  email: 'mara.lindqvist@example.org',
  name: 'Mara Lindqvist',
  tier: 'regular',
  roles: ['user'],
};

const tier = () => Joi.string().valid(...TIERS);
const fields = {
  userId: id().required(),
  email: Joi.string().required(),
  name: Joi.string().required(),
  tier: tier().required(),
  roles: Joi.array()
    .items(Joi.string().valid(...ROLES))
    .required(),
};
const schema = Joi.object<UserState>(fields);

function userContract(type: string, summary: string): Contract<UserState> {
  return {
    type,
    topic: 'auth.users',
    producer: 'auth',
    consumers: ['booking', 'notifications'],
    summary,
    schema,
    example,
  };
}

export const userRegistered = userContract('user.registered.v1', 'An account exists');
export const userUpdated = userContract('user.updated.v1', 'An account was changed');
export const userTierChanged: Contract<TierChange> = {
  type: 'user.tier_changed.v1',
  topic: 'auth.users',
  producer: 'auth',
  consumers: ['booking', 'notifications'],
  summary: 'Confirmed or cancelled bookings raised or lowered the tier of an account',
  schema: Joi.object<TierChange>({
    ...fields,
    previousTier: tier().required(),
    confirmedBookings: Joi.number().integer().min(0).required(),
  }),
  example: { ...example, tier: 'premium', previousTier: 'regular', confirmedBookings: 5 },
};

export const USER_CONTRACTS = [userRegistered, userUpdated, userTierChanged] as const;
