import { isRefusal, type Refusal } from '@holdfast/shared/errors.ts';
import { type Reply, type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { presentAccount } from '../accounts/account.ts';
import { register } from '../accounts/register.ts';
import type { UseParts } from '../parts.ts';
import { logIn } from '../sessions/log-in.ts';
import { type Grant, logOut, refreshSession } from '../sessions/session.ts';
import {
  EXAMPLE_SECRET,
  email,
  grantAnswer,
  name,
  newPassword,
  password,
  phone,
  secret,
} from './fields.ts';

/** Secrets in answers stay out of caches (RFC 6749, 5.1). */
export const NO_STORE = { 'cache-control': 'no-store' } as const;

const EXAMPLE_PASSWORD = 'a seat in the third row';

type RegisterBody = { email: string; password: string; name: string; phone?: string };
type LoginBody = { email: string; password: string };

export function sessionRoutes(use: UseParts): Route[] {
  return [
    route<{ body: RegisterBody }>({
      method: 'post',
      path: '/api/auth/register',
      id: 'register',
      tag: 'sessions',
      summary: 'Creates an account and logs it in',
      access: 'anyone',
      body: Joi.object<RegisterBody>({
        email: email().required(),
        password: newPassword().required(),
        name: name().required(),
        phone: phone(),
      }).example({
        email: 'mara.lindqvist@example.org',
        password: EXAMPLE_PASSWORD,
        name: 'Mara Lindqvist',
      }),
      responses: { 201: { description: 'The account and its tokens', schema: grantAnswer } },
      errors: ['email_taken', 'idempotency_key_reused', 'too_many_requests'],
      run: async ({ body, origin, idempotencyKey }) =>
        answer(201, await register(use(), { ...body, origin, idempotencyKey })),
    }),
    route<{ body: LoginBody }>({
      method: 'post',
      path: '/api/auth/login',
      id: 'logIn',
      tag: 'sessions',
      summary: 'Opens a session',
      access: 'anyone',
      body: Joi.object<LoginBody>({
        email: Joi.string().min(1).max(254).required(),
        password: password().required(),
      }).example({ email: 'mara.lindqvist@example.org', password: EXAMPLE_PASSWORD }),
      responses: { 200: { description: 'The account and its tokens', schema: grantAnswer } },
      errors: ['credentials_invalid', 'too_many_requests'],
      run: async ({ body, origin }) => answer(200, await logIn(use(), { ...body, origin })),
    }),
    route<{ body: { refreshToken: string } }>({
      method: 'post',
      path: '/api/auth/refresh',
      id: 'refresh',
      tag: 'sessions',
      summary: 'Exchanges a refresh token for new tokens; one used before ends the session',
      access: 'anyone',
      body: Joi.object<{ refreshToken: string }>({ refreshToken: secret().required() }).example({
        refreshToken: EXAMPLE_SECRET,
      }),
      responses: { 200: { description: 'The account and its tokens', schema: grantAnswer } },
      errors: ['refresh_token_invalid'],
      run: async ({ body, origin }) =>
        answer(200, await refreshSession(use(), { ...body, origin })),
    }),
    route({
      method: 'post',
      path: '/api/auth/logout',
      id: 'logOut',
      tag: 'sessions',
      summary: 'Ends the session; the access token ends by itself, within 10 minutes',
      access: 'login',
      responses: { 204: { description: 'It is ended' } },
      run: async ({ actor, origin }) => {
        const { sessionId } = actor;
        if (sessionId !== undefined) await logOut(use(), { sessionId, origin });
        return reply(204);
      },
    }),
  ];
}

function answer(status: number, granted: Grant | Refusal): Reply | Refusal {
  if (isRefusal(granted)) return granted;
  const { account, accessToken, expiresIn, refreshToken } = granted;
  const user = presentAccount(account);
  return reply(status, { user, accessToken, expiresIn, refreshToken }, NO_STORE);
}
