import { id } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { KEY_SET_MAX_AGE_SECONDS } from '../keys/keyring.ts';
import type { UseParts } from '../parts.ts';
import { issueServiceToken } from '../service-clients/service-client.ts';
import { EXAMPLE_SECRET, secret, serviceTokenAnswer } from './fields.ts';
import { NO_STORE } from './session-routes.ts';

type ServiceCredentials = { clientId: string; secret: string };

export function tokenRoutes(use: UseParts): Route[] {
  return [
    route<{ body: ServiceCredentials }>({
      method: 'post',
      path: '/api/auth/service-token',
      id: 'issueServiceToken',
      tag: 'tokens',
      summary: 'An access token with the role service',
      access: 'anyone',
      body: Joi.object<ServiceCredentials>({
        clientId: id().required(),
        secret: secret().required(),
      }).example({ clientId: '0198c9d4-0000-7000-8000-0000000000c1', secret: EXAMPLE_SECRET }),
      responses: { 200: { description: 'The token', schema: serviceTokenAnswer } },
      errors: ['service_credentials_invalid'],
      run: async ({ body }) => {
        const issued = await issueServiceToken(use(), body);
        return isRefusal(issued) ? issued : reply(200, issued, NO_STORE);
      },
    }),
    route({
      method: 'get',
      path: '/.well-known/jwks.json',
      id: 'readKeys',
      tag: 'tokens',
      summary: 'The public keys that verify access tokens (RFC 7517)',
      access: 'anyone',
      responses: {
        200: {
          description: 'The key set',
          schema: Joi.object({ keys: Joi.array().items(Joi.object().unknown()).required() }),
        },
      },
      run: async () =>
        reply(200, use().keyring.published(), {
          'cache-control': `public, max-age=${KEY_SET_MAX_AGE_SECONDS}`,
        }),
    }),
  ];
}
