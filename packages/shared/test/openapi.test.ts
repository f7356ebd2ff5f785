import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'chai';
import fc from 'fast-check';
import Joi from 'joi';
import { CONTRACTS } from '../src/contracts/all.ts';
import { currency, id, instant, minor, seatId, timeZone } from '../src/contracts/fields.ts';
import { jsonSchema, tolerantSchema } from '../src/http/json-schema.ts';
import { openApi } from '../src/http/openapi.ts';
import { type Route, reply, route } from '../src/http/route.ts';
import { noteSchema, startTestService } from './test-service.ts';

// Formats are annotations in draft 2020-12; what decides is written as patterns.
const ajv = new Ajv2020.default({ strict: true, allowUnionTypes: true, strictRequired: false });
addFormats.default(ajv);

const bodies: Record<string, Joi.ObjectSchema> = {
  note: noteSchema,
  fields: Joi.object({
    id: id().required(),
    at: instant(),
    price: minor(),
    currency: currency(),
    seat: seatId(),
    zone: timeZone().allow(''),
  }),
  choices: Joi.object({
    kind: Joi.string().valid('a', 'b').allow(null),
    value: Joi.alternatives().match('one').try(Joi.string().max(5), Joi.number().integer()),
    either: Joi.object({ a: Joi.string(), b: Joi.boolean() }).or('a', 'b'),
    // `unknownMember` is what the changes add to an object.
    one: Joi.object({ a: Joi.string(), unknownMember: Joi.boolean() }).xor('a', 'unknownMember'),
    open: Joi.object(),
    code: Joi.string().length(3),
    any: Joi.any(),
  }),
};

const seed = Math.floor(Math.random() * 2 ** 31);

/** JSON values near what a schema takes: its example with members changed, dropped or added. */
function nearby(example: object): fc.Arbitrary<unknown> {
  // Length counts differ for characters beyond the first plane (LIBRARIES), so none are made.
  const text = fc.string({
    unit: fc.constantFrom('a', 'Z', '7', '-', ' ', ':', 'é'),
    maxLength: 70,
  });
  const value = fc.oneof(
    text,
    fc.constantFrom<unknown>('', null, true, 0, -1, 1.5, 2 ** 53, [], {}, 'EUR', 'eur', 'held'),
    fc.constantFrom('2027-03-14T19:30:00Z', '2027-03-14', '2027-13-01T00:00:00Z'),
    fc.constantFrom('{0198c9d4-5c1e-7b60-8f0e-3a4a0f6d2b11}', '0198c9d45c1e7b608f0e3a4a0f6d2b11'),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(text, { maxLength: 4 }),
    fc.dictionary(text, fc.integer(), { maxKeys: 3 }),
  );
  const paths = pathsOf(example);
  const change = fc.record({ path: fc.constantFrom(...paths), value, drop: fc.boolean() });
  return fc
    .array(change, { maxLength: 3 })
    .map((changes) => changes.reduce<unknown>((at, one) => applyChange(at, one), example));
}

function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, member]) => pathsOf(member, [...path, name]));
  return [...(path.length > 0 ? [path] : []), ...inner, [...path, 'unknownMember']];
}

function applyChange(
  target: unknown,
  { path, value, drop }: { path: string[]; value: unknown; drop: boolean },
): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (typeof target !== 'object' || target === null) return target;
  if (Array.isArray(target)) {
    return target.map((one, at) =>
      String(at) === name ? applyChange(one, { path: rest, value, drop }) : one,
    );
  }
  const members: Record<string, unknown> = { ...target };
  if (rest.length === 0 && drop) delete members[name];
  else members[name] = applyChange(members[name], { path: rest, value, drop });
  return members;
}

function expectSameVerdict(
  schema: Joi.ObjectSchema,
  emitted: object,
  value: unknown,
  loose = false,
) {
  const { error } = schema.validate(value, { convert: false, allowUnknown: loose });
  const validate = ajv.compile(emitted);
  const accepted = validate(value);
  expect(
    accepted,
    `${JSON.stringify(value)}: Joi says ${error?.message ?? 'yes'}, JSON Schema ${ajv.errorsText(validate.errors)}`,
  ).to.equal(error === undefined);
}

describe(`emitted JSON Schemas (seed ${seed})`, () => {
  for (const contract of CONTRACTS) {
    it(`of ${contract.type} say of any data what Joi says, to writers and to readers`, () => {
      const [strict, loose] = [jsonSchema(contract.schema), tolerantSchema(contract.schema)];
      expectSameVerdict(contract.schema, strict, contract.example);
      fc.assert(
        fc.property(nearby(contract.example), (value) => {
          expectSameVerdict(contract.schema, strict, value);
          expectSameVerdict(contract.schema, loose, value, true);
        }),
        { seed, numRuns: 150 },
      );
    });
  }

  const examples: Record<string, object> = {
    note: { title: 'Row C', stars: 4, tags: ['quiet'] },
    fields: {
      id: '0198c9d4-5c1e-7b60-8f0e-3a4a0f6d2b11',
      at: '2027-03-14T19:30:00.000Z',
      price: 4_800,
      currency: 'EUR',
      seat: 'A-1',
      zone: '',
    },
    choices: {
      kind: null,
      value: 'x',
      either: { a: 'x' },
      one: { a: 'x' },
      open: { x: 1 },
      code: 'abc',
      any: 1,
    },
  };
  for (const [name, schema] of Object.entries(bodies)) {
    it(`of the body "${name}" say of any data what Joi says`, () => {
      const emitted = jsonSchema(schema);
      const example = examples[name] ?? {};
      expectSameVerdict(schema, emitted, example);
      fc.assert(
        fc.property(nearby(example), (value) => expectSameVerdict(schema, emitted, value)),
        { seed, numRuns: 500 },
      );
    });
  }
});

const first = route({
  method: 'post',
  path: '/api/notes/:noteId/lines',
  id: 'addLine',
  summary: 'Adds a line',
  tag: 'notes',
  access: ['admin', 'organizer'],
  params: Joi.object({ noteId: id().required() }),
  query: Joi.object({ wait: Joi.number().integer().min(0).max(25).description('Seconds') }),
  body: noteSchema,
  responses: { 201: { description: 'The note', schema: noteSchema, example: { title: 'a' } } },
  errors: ['seat_unavailable', 'version_conflict', 'quota_exceeded'],
  run: async () => reply(201),
});
const second = route({
  method: 'get',
  path: '/api/notes',
  id: 'listNotes',
  summary: 'All notes',
  access: 'anyone',
  responses: { 200: { description: 'Them', schema: Joi.array().items(noteSchema) } },
  run: async () => reply(200, []),
});
const routes = [first, second];
const about = { service: 'test', version: '1.0.0', description: 'A test.' };

type Content = Record<string, { schema: object; example?: unknown }>;
type Operation = {
  operationId: string;
  description?: string;
  security: object[];
  parameters: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { content: Content };
  responses: Record<string, { description: string; content?: Content }>;
};
type Document = { openapi: string; paths: Record<string, Record<string, Operation>> };

describe('the emitted OpenAPI document', () => {
  const document = openApi({ ...about, routes }) as Document;
  const addLine = document.paths['/api/notes/{noteId}/lines']?.post as Operation;

  it('is served at /openapi.json with every route and the operations routes', async () => {
    const service = await startTestService(routes);
    const served = (await (await fetch(`${service.url}/openapi.json`)).json()) as Document;
    await service.stop();
    expect(served.openapi).to.equal('3.1.0');
    expect(Object.keys(served.paths)).to.include.members(Object.keys(document.paths));
    for (const path of ['/livez', '/readyz', '/health', '/metrics', '/openapi.json']) {
      expect(served.paths, path).to.have.property(path);
    }
  });

  it('passes the lint of Redocly as it is served', async function () {
    this.timeout(30_000);
    const service = await startTestService(routes);
    const served = await (await fetch(`${service.url}/openapi.json`)).text();
    await service.stop();
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-openapi-'));
    const file = join(folder, 'openapi.json');
    await writeFile(file, served);
    const env = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        fileURLToPath(import.meta.resolve('@redocly/cli/bin/cli.js')),
        'lint',
        '--format=json',
        file,
      ],
      { env, cwd: folder },
    ).catch((failed: { stdout: string }) => failed);
    await rm(folder, { recursive: true });
    const { totals, problems } = JSON.parse(stdout) as {
      totals: { errors: number; warnings: number };
      problems: { message: string }[];
    };
    expect(problems.map(({ message }) => message)).to.deep.equal([]);
    expect(totals).to.include({ errors: 0, warnings: 0 });
  });

  it('names parameters of path, query and header, and which are required', () => {
    const parameters = addLine.parameters.map(({ name, in: where, required }) => [
      name,
      where,
      required,
    ]);
    expect(parameters).to.deep.equal([
      ['noteId', 'path', true],
      ['wait', 'query', false],
      ['Idempotency-Key', 'header', false],
    ]);
  });

  it('says who may call, and every refusal by its status', () => {
    expect(addLine.security).to.deep.equal([{ bearer: [] }]);
    expect(addLine.description).to.equal('Needs the role admin or organizer.');
    expect(Object.keys(addLine.responses)).to.have.members([
      '201',
      '400',
      '401',
      '403',
      '409',
      '413',
      '415',
      '503',
    ]);
    expect(addLine.responses['409']?.description).to.equal(
      '`seat_unavailable`, `version_conflict`, `quota_exceeded`',
    );
    const open = document.paths['/api/notes']?.get as Operation;
    expect(open.security).to.deep.equal([]);
    expect(open.responses).not.to.have.property('401');
  });

  it('shows examples of requests and answers, those of answers without a schema too', () => {
    const notes = { notes: [{ title: 'a' }], next: null };
    const shown = openApi({
      ...about,
      routes: [
        { ...first, body: noteSchema.example({ title: 'Row C' }) },
        { ...second, responses: { 200: { description: 'Them', example: notes } } },
      ],
    }) as Document;
    const posted = shown.paths['/api/notes/{noteId}/lines']?.post;
    expect(posted?.requestBody?.content['application/json']?.example).to.deep.equal({
      title: 'Row C',
    });
    expect(posted?.responses[201]?.content?.['application/json']?.example).to.deep.equal({
      title: 'a',
    });
    expect(shown.paths['/api/notes']?.get?.responses[200]?.content).to.deep.equal({
      'application/json': { example: notes },
    });
  });

  it('is not made of examples that their own schemas refuse, and says which and why', () => {
    const wrong: [string, Route][] = [
      ['addLine asks for', { ...first, body: noteSchema.example({ title: 7 }) }],
      [
        'addLine answers',
        { ...first, responses: { 201: { description: 'It', schema: noteSchema, example: {} } } },
      ],
    ];
    for (const [what, one] of wrong) {
      expect(() => openApi({ ...about, routes: [one] }), what).to.throw(
        new RegExp(`^The example of what ${what} .*"title"`),
      );
    }
  });

  it('has a unique operation id, a path parameter for each name in the path, and sound schemas', () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, operation })),
    );
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const { path, operation } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = operation.parameters
        .filter((one) => one.in === 'path')
        .map(({ name }) => name);
      expect(declared, path).to.deep.equal(named);
      const schemas = [
        ...operation.parameters.map(({ schema }) => schema),
        ...Object.values(operation.requestBody?.content ?? {}).map(({ schema }) => schema),
        ...Object.entries(operation.responses)
          .filter(([status]) => status.startsWith('2'))
          .flatMap(([, { content = {} }]) => Object.values(content).map(({ schema }) => schema)),
      ];
      for (const schema of schemas) expect(() => ajv.compile(schema), path).not.to.throw();
    }
  });
});
