import { id } from '@holdfast/shared/contracts/fields.ts';
import type { Role, Tier } from '@holdfast/shared/contracts/users.ts';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { normaliseEmail, presentAccount } from '../accounts/account.ts';
import { changeAccount } from '../accounts/change-account.ts';
import { findUserByEmail } from '../accounts/users.ts';
import type { UseParts } from '../parts.ts';
import { createServiceClient } from '../service-clients/service-client.ts';
import { accountAnswer, accountsAnswer, email, name, roles, tier } from './fields.ts';
import { NO_STORE } from './session-routes.ts';

type UserBody = { roles?: Role[]; tier?: Tier | null; reason: string };

export function adminRoutes(use: UseParts): Route[] {
  return [
    route<{ query: { email: string } }>({
      method: 'get',
      path: '/api/admin/users',
      id: 'findUsers',
      tag: 'administration',
      summary: 'The account of a mail address, or none',
      access: ['admin'],
      query: Joi.object<{ email: string }>({ email: email().required() }),
      responses: { 200: { description: 'At most one account', schema: accountsAnswer } },
      run: async ({ query }) => {
        const account = await findUserByEmail(use().db, normaliseEmail(query.email));
        return reply(200, { users: account ? [presentAccount(account)] : [] });
      },
    }),
    route<{ body: UserBody; params: { userId: string } }>({
      method: 'patch',
      path: '/api/admin/users/:userId',
      id: 'changeUser',
      tag: 'administration',
      summary:
        'Sets roles or tier; a tier that is set stands whatever bookings say, until null takes it back',
      access: ['admin'],
      params: Joi.object<{ userId: string }>({ userId: id().required() }),
      body: Joi.object<UserBody>({
        roles: roles(),
        tier: tier().allow(null),
        reason: Joi.string().min(3).max(500).required().description('Why; kept in the audit'),
      })
        .or('roles', 'tier')
        .example({ roles: ['user', 'organizer'], reason: 'runs the Kammersaal' }),
      responses: { 200: { description: 'The account', schema: accountAnswer } },
      errors: ['user_not_found'],
      run: async ({ params, body: { reason, ...change }, origin }) => {
        const account = await changeAccount(use(), { ...params, change, reason, origin });
        return isRefusal(account) ? account : reply(200, { user: presentAccount(account) });
      },
    }),
    route<{ body: { name: string } }>({
      method: 'post',
      path: '/api/admin/service-clients',
      id: 'createServiceClient',
      tag: 'administration',
      summary: 'Creates credentials of a service; the secret is shown only here',
      access: ['admin'],
      body: Joi.object<{ name: string }>({ name: name().required() }).example({
        name: 'mail gateway',
      }),
      responses: {
        201: {
          description: 'The credentials',
          schema: Joi.object({
            clientId: id().required(),
            name: Joi.string().required(),
            secret: Joi.string().required(),
          }),
        },
      },
      run: async ({ body, origin }) =>
        reply(201, await createServiceClient(use(), { ...body, origin }), NO_STORE),
    }),
  ];
}
