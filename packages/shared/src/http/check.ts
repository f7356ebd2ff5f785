import type Joi from 'joi';
import { type Refusal, refused } from '../errors.ts';

const DEEPEST = 40;

/** Where the words of the library say neither what to do nor what it is about. */
const MESSAGES = {
  'object.xor': 'name only one of {{#peersWithLabels}}: {{#presentWithLabels}} are there',
  'object.missing': 'name one of {{#peersWithLabels}}',
};

/**
 * Checks one part of a request by its schema. Bodies are not converted, so a number
 * sent as text is refused; queries and path parameters are text and are converted.
 */
export function check(
  part: 'body' | 'query' | 'params',
  schema: Joi.ObjectSchema | undefined,
  value: unknown,
): { value: unknown } | Refusal {
  const untold = findUnstorable(value, part);
  if (untold !== undefined) return refused('invalid_request', untold);
  if (schema === undefined) return { value };
  const { error, value: checked } = schema.validate(value, {
    abortEarly: false,
    convert: part !== 'body',
    errors: { wrap: { label: false, array: false } },
    messages: MESSAGES,
  });
  if (error === undefined) return { value: checked };
  const errors = error.details.slice(0, 20).map((detail) => ({
    in: part,
    path: detail.path.join('.'),
    message: detail.message,
  }));
  const summary = errors.map((one) => one.message).join('; ');
  return refused('invalid_request', `The ${part} is not valid: ${summary}.`, { errors });
}

/** Text that no store keeps faithfully: NUL characters and halves of surrogate pairs. */
function findUnstorable(value: unknown, where: string, depth = 0): string | undefined {
  if (typeof value === 'string') {
    if (value.includes('\0')) return `${where} contains a NUL character.`;
    return value.isWellFormed() ? undefined : `${where} is not well-formed Unicode text.`;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= DEEPEST) return `${where} is nested more than ${DEEPEST} levels deep.`;
  for (const [key, member] of Object.entries(value)) {
    const found =
      findUnstorable(key, where, depth + 1) ?? findUnstorable(member, `${where}.${key}`, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
