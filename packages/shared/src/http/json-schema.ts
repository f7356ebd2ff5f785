import type Joi from 'joi';

export type JsonSchema = {
  type?: string | string[];
  enum?: unknown[];
  minLength?: number;
  pattern?: string;
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  anyOf?: object[];
  additionalProperties?: unknown;
  [keyword: string]: unknown;
};

/** The parts of Joi's own description of a schema that its JSON Schema leaves out. */
type Description = {
  type?: string;
  allow?: unknown[];
  examples?: unknown[];
  keys?: Record<string, Description>;
  items?: Description[];
  matches?: { schema?: Description }[];
  dependencies?: { rel: string; peers: string[] }[];
  rules?: { name: string }[];
};

/**
 * The JSON Schema (draft 2020-12, which OpenAPI 3.1 and AsyncAPI 3.0 take) of a Joi schema: what
 * Joi emits, completed where Joi says less than it checks. A test gives both the same inputs.
 */
export function jsonSchema(schema: Joi.Schema): JsonSchema {
  const emitted = schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' });
  const { $schema: _dialect, ...plain } = structuredClone(emitted) as JsonSchema;
  complete(schema.describe() as Description, plain);
  return plain;
}

/** The same for a reader of messages, who tolerates members that it does not know. */
export function tolerantSchema(schema: Joi.Schema): JsonSchema {
  const emitted = jsonSchema(schema);
  visit(emitted, (one) => {
    if (one.additionalProperties === false) delete one.additionalProperties;
  });
  return emitted;
}

function complete(said: Description, schema: JsonSchema): void {
  if (said.examples) schema.examples = said.examples;
  if (schema.enum && said.allow?.includes(null)) schema.enum = [...new Set([...schema.enum, null])];
  if (said.allow?.includes('') && (schema.minLength || schema.pattern)) {
    const { minLength, pattern } = schema;
    schema.anyOf = [
      { const: '' },
      { ...(minLength && { minLength }), ...(pattern && { pattern }) },
    ];
    delete schema.minLength;
    delete schema.pattern;
  }
  if (said.type === 'number' && !schema.enum) {
    // Joi refuses numbers that a double does not hold exactly.
    schema.minimum ??= Number.MIN_SAFE_INTEGER;
    schema.maximum ??= Number.MAX_SAFE_INTEGER;
  }
  const anyOf = said.dependencies?.find(({ rel }) => rel === 'or');
  if (anyOf) schema.anyOf = anyOf.peers.map((peer) => ({ required: [peer] }));
  const oneOf = said.dependencies?.find(({ rel }) => rel === 'xor');
  if (oneOf) schema.oneOf = oneOf.peers.map((peer) => ({ required: [peer] }));
  for (const [name, child] of Object.entries(said.keys ?? {})) {
    const emitted = schema.properties?.[name];
    if (emitted) complete(child, emitted);
  }
  const [item] = said.items ?? [];
  if (item && schema.items && said.items?.length === 1) complete(item, schema.items);
  const choices = schema.oneOf ?? (said.matches ? (schema.anyOf as JsonSchema[]) : undefined);
  said.matches?.forEach((match, at) => {
    const choice = choices?.[at];
    if (match.schema && choice) complete(match.schema, choice);
  });
}

function visit(schema: JsonSchema, change: (one: JsonSchema) => void): void {
  change(schema);
  const inner = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items ? [schema.items] : []),
    ...(schema.oneOf ?? []),
    ...((schema.anyOf ?? []) as JsonSchema[]),
  ];
  for (const one of inner) visit(one, change);
}
