import assert from 'node:assert/strict';
import type Joi from 'joi';
import { REFUSALS, type RefusalCode } from '../refusals.ts';
import { jsonSchema } from './json-schema.ts';
import { PROBLEM_TYPE } from './problem.ts';
import type { Route } from './route.ts';

const ALWAYS: readonly RefusalCode[] = ['invalid_request'];
const WITH_LOGIN: readonly RefusalCode[] = ['login_required', 'token_invalid'];
const WITH_BODY: readonly RefusalCode[] = [
  'malformed_body',
  'body_too_large',
  'media_type_unsupported',
];

export type OpenApi = {
  readonly openapi: string;
  readonly info: { readonly description: string; readonly [member: string]: unknown };
  readonly paths: Record<string, Record<string, unknown>>;
  readonly [member: string]: unknown;
};

/**
 * The OpenAPI 3.1 document of a service, from the same declarations that validate. An example that
 * its own schema refuses is a bug, and the service does not start with it.
 */
export function openApi(options: {
  service: string;
  version: string;
  description: string;
  routes: readonly Route[];
}): OpenApi {
  const paths: OpenApi['paths'] = {};
  for (const spec of options.routes) {
    const path = spec.path.replace(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][spec.method] = operation(spec);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: `Holdfast ${options.service}`,
      version: options.version,
      description: options.description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: problemSchema },
    },
  };
}

const problemSchema = {
  type: 'object',
  description: 'RFC 9457 problem document',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'Stable; branch on it' },
    requestId: { type: 'string' },
  },
};

function operation(spec: Route): object {
  return {
    operationId: spec.id,
    summary: spec.summary,
    ...(spec.tag && { tags: [spec.tag] }),
    security: spec.access !== 'anyone' ? [{ bearer: [] }] : spec.owned ? [{}, { bearer: [] }] : [],
    ...(Array.isArray(spec.access) && {
      description: `Needs the role ${spec.access.join(' or ')}.`,
    }),
    parameters: [
      ...parameters('path', spec.params),
      ...parameters('query', spec.query),
      ...(spec.method === 'get'
        ? []
        : [
            {
              name: 'Idempotency-Key',
              in: 'header',
              required: false,
              description: 'A repeat with the same key and body gets the first answer',
              schema: { type: 'string', minLength: 1, maxLength: 255 },
            },
          ]),
    ],
    ...(spec.body && {
      requestBody: {
        // What can be left empty can be left out.
        required: spec.body.validate({}).error !== undefined,
        content: { 'application/json': requestBody(spec.id, spec.body) },
      },
    }),
    responses: { ...successes(spec), ...problems(spec) },
  };
}

function parameters(where: 'path' | 'query', schema: Joi.ObjectSchema | undefined): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema);
  return Object.entries(properties).map(([name, { description, ...one }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: one,
  }));
}

/** The form of a body with the first of its examples. */
function requestBody(of: string, body: Joi.ObjectSchema): object {
  const schema = jsonSchema(body);
  const examples = (schema.examples ?? []) as unknown[];
  for (const example of examples) checkExample(`${of} asks for`, body, example);
  return { schema, ...(examples.length > 0 && { example: examples[0] }) };
}

function successes(spec: Route): Record<string, object> {
  return Object.fromEntries(
    Object.entries(spec.responses).map(([status, one]) => [
      status,
      { description: one.description, ...answer(`${spec.id} answers`, one) },
    ]),
  );
}

function answer(of: string, { schema, example, mediaType }: Route['responses'][number]): object {
  if (schema === undefined && example === undefined) return {};
  if (schema && example !== undefined) checkExample(of, schema, example);
  const content = {
    ...(schema && { schema: jsonSchema(schema) }),
    ...(example !== undefined && { example }),
  };
  return { content: { [mediaType ?? 'application/json']: content } };
}

function checkExample(of: string, schema: Joi.Schema, example: unknown): void {
  const { error } = schema.validate(example, { convert: false });
  assert(!error, `The example of what ${of} is not as its schema says: ${error?.message}`);
}

/** Refusals by status, the codes named in the description. */
function problems(spec: Route): Record<string, object> {
  const codes = [
    ...ALWAYS,
    ...(spec.access === 'anyone' ? [] : WITH_LOGIN),
    ...(Array.isArray(spec.access) ? (['forbidden'] as const) : []),
    ...(spec.body ? WITH_BODY : []),
    ...(spec.errors ?? []),
  ];
  const byStatus = Map.groupBy(new Set(codes), (code) => REFUSALS[code].status);
  const content = { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } };
  return Object.fromEntries([
    ...[...byStatus].map(([status, of]) => [
      status,
      { description: of.map((code) => `\`${code}\``).join(', '), content },
    ]),
    ['503', { description: 'A store is down; try again', content }],
  ]);
}
