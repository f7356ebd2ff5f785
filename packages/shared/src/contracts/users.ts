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

const example: UserState = {
  userId: '0198c9d4-0000-7000-8000-0000000000aa',
  email: 'mara.lindqvist@example.org',
  name: 'Mara Lindqvist',
  tier: 'regular',
  roles: ['user'],
};

const schema = Joi.object<UserState>({
  userId: id().required(),
  email: Joi.string().required(),
  name: Joi.string().required(),
  tier: Joi.string()
    .valid(...TIERS)
    .required(),
  roles: Joi.array()
    .items(Joi.string().valid(...ROLES))
    .required(),
});

function userContract(type: string, summary: string): Contract<UserState> {
  return {
    type,
    topic: 'auth.users',
    producer: 'auth',
    consumers: ['booking'],
    summary,
    schema,
    example,
  };
}

export const userRegistered = userContract('user.registered.v1', 'An account exists');
export const userUpdated = userContract('user.updated.v1', 'An account was changed');

export const USER_CONTRACTS = [userRegistered, userUpdated] as const;
