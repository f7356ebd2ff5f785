import { instant } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import { revokeTicketKey, rotateTicketKey } from '../operations/change-ticket-keys.ts';
import { type KeyStanding, listKeys, type TicketKeys } from '../stores/ticket-keys.ts';

type Use = () => { db: Database; ticketKeys: TicketKeys };

const EXAMPLE = '9f3a01c7';
const A_WEEK_IN_MINUTES = 10_080;
const reason = () => Joi.string().min(1).max(500).required();
const keysAnswer = {
  schema: Joi.object({
    keys: Joi.array()
      .items(
        Joi.object({
          kid: Joi.string().required(),
          signsFrom: instant().required(),
          revokedAt: instant().allow(null).required(),
          isSigning: Joi.boolean().required().description('Whether it signs what tickets show now'),
        }),
      )
      .required(),
  }),
  example: {
    keys: [
      { kid: EXAMPLE, signsFrom: '2027-01-01T08:00:00.000Z', revokedAt: null, isSigning: true },
    ],
  },
};

/** The keys that sign the codes of tickets: public halves for scanners, rotation for operators. */
export function ticketKeyRoutes(use: Use): Route[] {
  return [publish(use), list(use), rotate(use), revoke(use)];
}

function publish(use: Use): Route {
  return route({
    method: 'get',
    path: '/api/tickets/keys',
    id: 'getTicketKeys',
    tag: 'tickets',
    summary: 'Keys that the codes of tickets verify by, without a connection too (JWK Set)',
    access: 'anyone',
    responses: {
      200: {
        description: 'The key set; to be fetched anew when a code names a key that is not in it',
        schema: Joi.object({ keys: Joi.array().items(Joi.object().unknown()).required() }),
        example: {
          keys: [
            {
              ...{ kty: 'OKP', crv: 'Ed25519', kid: EXAMPLE, alg: 'EdDSA', use: 'sig' },
              x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
            },
          ],
        },
      },
    },
    run: async () =>
      reply(
        200,
        { keys: await use().ticketKeys.published() },
        { 'cache-control': 'public, max-age=60' },
      ),
  });
}

function list(use: Use): Route {
  return route({
    method: 'get',
    path: '/api/admin/ticket-keys',
    id: 'listTicketKeys',
    tag: 'tickets',
    summary: 'The keys of tickets and how they stand, newest first',
    access: ['admin'],
    responses: { 200: { description: 'All keys there have been', ...keysAnswer } },
    run: async () => reply(200, present(await listKeys(use().db))),
  });
}

function rotate(use: Use): Route {
  return route<{ body: { reason: string; signsInMinutes: number } }>({
    method: 'post',
    path: '/api/admin/ticket-keys',
    id: 'rotateTicketKey',
    tag: 'tickets',
    summary: 'Makes a key that signs tickets from an instant on; codes signed before stay good',
    access: ['admin'],
    body: Joi.object({
      reason: reason().example('yearly rotation'),
      signsInMinutes: Joi.number()
        .integer()
        .min(0)
        .max(A_WEEK_IN_MINUTES)
        .default(60)
        .description('How long scanners have to fetch it'),
    }).example({ reason: 'yearly rotation', signsInMinutes: 60 }),
    responses: { 201: { description: 'All keys, with the new one', ...keysAnswer } },
    run: async ({ body, origin }) =>
      reply(201, present(await rotateTicketKey(use().db, { ...body, origin }))),
  });
}

function revoke(use: Use): Route {
  return route<{ params: { kid: string }; body: { reason: string } }>({
    method: 'post',
    path: '/api/admin/ticket-keys/:kid/revoke',
    id: 'revokeTicketKey',
    tag: 'tickets',
    summary: 'Ends a key that others may have: codes signed by it let nobody in from now on',
    access: ['admin'],
    params: Joi.object({
      kid: Joi.string()
        .pattern(/^[0-9a-f]{8}$/)
        .required(),
    }),
    body: Joi.object({ reason: reason() }).example({ reason: 'a backup was lost' }),
    responses: {
      200: { description: 'All keys; tickets show codes of another from now on', ...keysAnswer },
    },
    errors: ['ticket_key_not_found'],
    async run({ params: { kid }, body: { reason }, origin }) {
      const keys = await revokeTicketKey(use().db, { kid, reason, origin });
      return isRefusal(keys) ? keys : reply(200, present(keys));
    },
  });
}

function present(keys: readonly KeyStanding[]) {
  return {
    keys: keys.map(({ kid, signsFrom, revokedAt, isSigning }) => ({
      kid,
      signsFrom: signsFrom.toISOString(),
      revokedAt: revokedAt?.toISOString() ?? null,
      isSigning,
    })),
  };
}
