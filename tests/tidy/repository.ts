import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';

/** A text file of the repository; `path` is relative to its root. */
export type SourceFile = {
  path: string;
  text: string;
  /** TypeScript without comments; the text itself for other files. */
  code: string;
  /** What it imports: package names as written, relative files as paths from the root. */
  imports: string[];
};

export const ROOT = join(import.meta.dirname, '../..');

const SKIPPED_FOLDERS = new Set(['node_modules', 'coverage', 'dist']);
const KEPT_DOT_NAMES = new Set(['.ci', '.npmrc', '.gitignore', '.dockerignore', '.mocharc.json']);
const TEXT = new Set([
  '.ts',
  '.mts',
  '.mjs',
  '.js',
  '.json',
  '.md',
  '.sql',
  '.yml',
  '.yaml',
  '.conf',
  '',
]);

/** Every text file that is part of the repository; data folders and what tools wrote are not. */
export function readRepository(): SourceFile[] {
  return listFiles(ROOT)
    .filter((file) => TEXT.has(extname(file)) || KEPT_DOT_NAMES.has(basename(file)))
    .map((file) => {
      const text = readFileSync(file, 'utf8');
      const path = relative(ROOT, file);
      const code = path.endsWith('.ts') ? withoutComments(text) : text;
      return { path, text, code, imports: path.endsWith('.ts') ? importsOf(path, code) : [] };
    });
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const hidden = entry.name.startsWith('.') && !KEPT_DOT_NAMES.has(entry.name);
    if (hidden || SKIPPED_FOLDERS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listFiles(path);
    return entry.isFile() ? [path] : [];
  });
}

/** Good enough for our own formatted sources: a `//` inside a text follows a colon or a quote. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[\s;{}(),])\/\/.*$/gm, '$1');
}

function importsOf(path: string, code: string): string[] {
  const found = code.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'([^']+)'/g);
  return [...found].map(([, name = '']) =>
    name.startsWith('.') ? join(dirname(path), name) : name,
  );
}

/** The workspace a path or a package name belongs to, such as `services/booking`. */
export function workspaceOf(pathOrPackage: string): string | undefined {
  const own = /^@holdfast\/([\w-]+)/.exec(pathOrPackage)?.[1];
  if (own !== undefined) return SERVICES.has(own) ? `services/${own}` : `packages/${own}`;
  return /^(?:packages|services|apps)\/[\w-]+/.exec(pathOrPackage)?.[0];
}

const SERVICES = new Set(
  readdirSync(join(ROOT, 'services'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name),
);

/** The words of identifiers and comments, lower case: `seatManager` has `seat` and `manager`. */
export function wordsOf(text: string): Set<string> {
  const withoutNames = text.replace(/'node:[\w/]+'|\butil-linux\b/g, '');
  const parts = withoutNames.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? [];
  return new Set(parts.map((word) => word.toLowerCase()));
}

/** Code with the insides of its template texts taken out: a program in one is not our code. */
export function withoutTemplates(code: string): string {
  return code.replace(/`(?:\\.|[^`\\])*`/g, '``');
}

/** The bodies of a file's tests by title: from each `it(` to the next test. */
export function testsOf(code: string): { title: string; body: string }[] {
  const starts = [...code.matchAll(/\bit\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/g)];
  return starts.map((start, at) => ({
    title: start[2] ?? '',
    body: code.slice(start.index, starts[at + 1]?.index),
  }));
}

/** The tests that a row of docs/races.md names: a path in backquotes, then titles in quotes. */
export function racesOf(row: string): { path: string; title: string }[] {
  let path = '';
  return [...row.matchAll(/`([\w./-]+\.ts)`|“([^”]+)”/g)].flatMap(([, file, title]) => {
    path = file ?? path;
    return title === undefined ? [] : [{ path, title }];
  });
}

/** Functions of a file that expect something themselves, so that a test which calls one does too. */
export function expectingFunctionsOf(code: string): string[] {
  const starts = [...code.matchAll(/\b(?:function|const)\s+(\w+)\s*(?:=\s*(?:async\s*)?)?\(/g)];
  return starts
    .filter((start, at) =>
      /\b(?:expect|assert)\w*\(/.test(code.slice(start.index, starts[at + 1]?.index)),
    )
    .map(([, name = '']) => name);
}
