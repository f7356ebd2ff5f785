import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { type Reply, type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { type Account, presentAccount } from '../accounts/account.ts';
import { changeAccount } from '../accounts/change-account.ts';
import { findUser } from '../accounts/users.ts';
import type { UseParts } from '../parts.ts';
import { findStanding } from '../tiers/tier-bookings.ts';
import { accountAnswer, name, phone, profileAnswer } from './fields.ts';

type ProfileBody = { name?: string; phone?: string | null };

export function profileRoutes(use: UseParts): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/auth/me',
      id: 'readProfile',
      tag: 'accounts',
      summary: 'The account that is logged in, and what it takes to the next tier',
      access: 'login',
      responses: {
        200: { description: 'The account and its standing', schema: profileAnswer },
      },
      errors: ['user_not_found'],
      run: async ({ actor }) => {
        const { db } = use();
        const account = await findUser(db, actor.userId);
        if (account === undefined) {
          return refused('user_not_found', 'This login belongs to no person.');
        }
        const standing = await findStanding(db, account);
        return reply(200, { user: presentAccount(account), standing });
      },
    }),
    route<{ body: ProfileBody }>({
      method: 'patch',
      path: '/api/auth/me',
      id: 'changeProfile',
      tag: 'accounts',
      summary: 'Changes name or phone of the account that is logged in; null removes the phone',
      access: 'login',
      body: Joi.object<ProfileBody>({ name: name(), phone: phone().allow(null) })
        .or('name', 'phone')
        .example({ phone: '+43 660 1234567' }),
      responses: { 200: { description: 'The account', schema: accountAnswer } },
      errors: ['user_not_found'],
      run: async ({ body, actor, origin }) =>
        answer(await changeAccount(use(), { userId: actor.userId, change: body, origin })),
    }),
  ];
}

function answer(account: Account | Refusal): Reply | Refusal {
  return isRefusal(account) ? account : reply(200, { user: presentAccount(account) });
}
