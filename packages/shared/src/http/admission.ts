import type { Context } from 'koa';
import { isRefusal, type Refusal, refused } from '../errors.ts';
import type { Actor, VerifyToken } from '../tokens.ts';
import type { Reply, Route, RouteRequest } from './route.ts';

export const NOBODY: Actor = { userId: '', roles: [] };

/** What a route has for the one who asks, where it has nothing for everybody. */
export async function answerOwner(
  ctx: Context,
  spec: Route,
  request: RouteRequest<unknown, unknown, unknown>,
  verifyToken: VerifyToken,
): Promise<Reply | undefined> {
  if (spec.owned !== true || ctx.get('authorization') === '') return undefined;
  const actor = await admit(ctx, 'login', verifyToken);
  if (isRefusal(actor)) return undefined;
  const result = await spec.run({ ...request, actor });
  return isRefusal(result) ? undefined : result;
}

/** Who asks, if that is somebody the route admits. */
export async function admit(
  ctx: Context,
  access: Route['access'],
  verifyToken: VerifyToken,
): Promise<Actor | Refusal> {
  if (access === 'anyone') return NOBODY;
  const [scheme, token] = ctx.get('authorization').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !token) {
    return refused(
      'login_required',
      'Log in at /api/auth/login and send the access token as "Authorization: Bearer ...".',
    );
  }
  const actor = await verifyToken(token);
  if (isRefusal(actor) || access === 'login') return actor;
  if (access.some((role) => actor.roles.includes(role))) return actor;
  return refused(
    'forbidden',
    `This needs the role ${access.join(' or ')}; the account has ${actor.roles.join(', ')}.`,
  );
}
