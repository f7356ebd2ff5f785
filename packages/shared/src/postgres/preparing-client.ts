import { hash } from 'node:crypto';
import pg from 'pg';

/** A statement whose text is built anew at each call must not fill the server's memory. */
const MOST_STATEMENTS = 500;
const names = new Map<string, string>();

type Query = { text?: unknown; name?: unknown };

/**
 * A connection that lets the server parse and plan each text once: a query that comes with a list of
 * values, even an empty one, gets a name made of its text. The first 500 texts of a process are
 * prepared, later ones not. What is not prepared, moreover, leaves in a write of its own.
 */
export class PreparingClient extends pg.Client {
  // pg declares seven forms of `query`; only the first two arguments matter here.
  override query = ((config: unknown, values?: unknown, ...rest: unknown[]) =>
    (super.query as (...all: unknown[]) => unknown)(
      prepared(config, values),
      values,
      ...rest,
    )) as pg.Client['query'];
}

function prepared(config: unknown, values: unknown): unknown {
  if (!Array.isArray(values)) return config;
  if (typeof config !== 'object' || config === null || 'submit' in config) return config;
  const { text, name } = config as Query;
  if (typeof text !== 'string' || name !== undefined) return config;
  const chosen = nameOf(text);
  return chosen === undefined ? config : { ...config, name: chosen };
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= MOST_STATEMENTS) return known;
  const name = hash('sha1', text, 'base64url');
  names.set(text, name);
  return name;
}
