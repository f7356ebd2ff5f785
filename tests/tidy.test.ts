import { expect } from 'chai';
import {
  expectingFunctionsOf,
  racesOf,
  readRepository,
  type SourceFile,
  testsOf,
  withoutTemplates,
  wordsOf,
  workspaceOf,
} from './tidy/repository.ts';

/** A rule of STYLE.md over the files: what breaks it, each with what to do instead. */
type Rule = { title: string; breaches: (files: SourceFile[]) => string[] };

/** Sources that may be longer than 300 lines, each with its reason. */
const LONG_FILES: Record<string, string> = {};

/** Workspaces that are tools of the repository: they read the environment and the clock freely. */
const TOOLS = /^(packages\/(stack|cli)|tests|demo|bench)\//;
const CORES =
  /^services\/[\w-]+\/src\/(?!.*(?:stores|routes|operations|consumers|loops)\/).*\b(seat|hold|block|booking|checkout|plan|plan-edit|ledger|board|seating|seat-policy|best-available|areas|event-status|ticket-types|listing|words|when|recurrence)\.ts$/;
const IMPURE =
  /^(mongodb|mongoose|pg|drizzle-orm|ioredis|kafkajs|koa|@koa|stripe|pino|node:fs|node:http|node:net)\b|\/(logger|clock|stores|routes|consumers|loops)\b/;

const isTest = ({ path }: SourceFile) => path.endsWith('.test.ts');
const isSource = ({ path }: SourceFile) => path.endsWith('.ts');
const inSrc = ({ path }: SourceFile) => isSource({ path } as SourceFile) && /\/src\//.test(path);
/** Files that `matches` accepts and whose code has the pattern. */
const having = (files: SourceFile[], pattern: RegExp, matches: (file: SourceFile) => boolean) =>
  files
    .filter((file) => matches(file) && pattern.test(withoutTemplates(file.code)))
    .map(({ path }) => path);

const direction: Rule[] = [
  {
    title:
      'no service imports a service: they speak by HTTP and by messages (put shared contracts in packages/shared)',
    breaches: (files) =>
      files
        .filter(({ path }) => path.startsWith('services/'))
        .flatMap(({ path, imports }) =>
          imports
            .filter((name) => {
              const target = workspaceOf(name);
              return target?.startsWith('services/') && target !== workspaceOf(path);
            })
            .map((name) => `${path} imports ${name}`),
        ),
  },
  {
    title: 'no package imports a service (move what both need into a package)',
    breaches: (files) =>
      files
        .filter(({ path }) => path.startsWith('packages/'))
        .flatMap(({ path, imports }) =>
          imports
            .filter((name) => workspaceOf(name)?.startsWith('services/'))
            .map((name) => `${path} imports ${name}`),
        ),
  },
  {
    title: 'other workspaces are imported by name, not by path (write @holdfast/<name>/<file>.ts)',
    breaches: (files) =>
      files.flatMap(({ path, imports }) =>
        imports
          .filter((name) => !name.startsWith('@'))
          .filter(
            (name) => workspaceOf(name) !== undefined && workspaceOf(name) !== workspaceOf(path),
          )
          .map((name) => `${path} imports ${name}`),
      ),
  },
  {
    title:
      'kafkajs stays behind the bus (use createKafkaBus; only the stack asks a broker by itself)',
    breaches: (files) =>
      files
        .filter(({ imports }) => imports.includes('kafkajs'))
        .map(({ path }) => path)
        .filter((path) => !/^packages\/(shared\/(src\/bus|test)|stack)\//.test(path)),
  },
  {
    title:
      'the pure core imports no driver, no Koa, no logger, no clock, no store (pass values and times in)',
    breaches: (files) =>
      files
        .filter(({ path }) => CORES.test(path))
        .flatMap(({ path, imports }) =>
          imports.filter((name) => IMPURE.test(name)).map((name) => `${path} imports ${name}`),
        ),
  },
];

const places: Rule[] = [
  {
    title: 'process.env is read in config.ts only (add a setting to the schema there)',
    breaches: (files) =>
      having(files, /\bprocess\.env\b/, (file) => inSrc(file) && !TOOLS.test(file.path)).filter(
        (path) => !path.endsWith('/config.ts'),
      ),
  },
  {
    title: 'the wall clock is read in clock.ts only (take the time as an argument, or the store’s)',
    breaches: (files) =>
      having(
        files,
        /\bDate\.now\(|\bnew Date\(\s*\)/,
        (file) => inSrc(file) && !TOOLS.test(file.path),
      ).filter((path) => !path.endsWith('/clock.ts') && !path.endsWith('.test.ts')),
  },
  {
    title: 'there are no barrels (import the file that has it)',
    breaches: (files) => [
      ...files.map(({ path }) => path).filter((path) => /\/index\.m?[tj]s$/.test(path)),
      ...having(files, /^export \* from/m, isSource),
    ],
  },
  {
    title: 'folders are nouns of the domain (not utils, common, helpers, lib)',
    breaches: (files) =>
      files
        .map(({ path }) => path)
        .filter((path) => /(^|\/)(utils?|common|helpers?|lib)\//.test(path)),
  },
  {
    title: 'no source has more than 300 lines (find the noun it hides)',
    breaches: (files) =>
      files
        .filter((file) => isSource(file) && !isTest(file) && !(file.path in LONG_FILES))
        .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
        .filter(({ lines }) => lines > 300)
        .map(({ path, lines }) => `${path} has ${lines}`),
  },
];

const words: Rule[] = [
  {
    title:
      'words mean one thing (hold, not the r-word; name what it does, not that it helps or manages)',
    breaches: (files) => {
      const unwanted = ['reservation', 'manager', 'helper', 'util'];
      return files.filter(isSource).flatMap(({ path, text }) => {
        const found = wordsOf(text);
        return unwanted
          .filter((word) => found.has(word) || found.has(`${word}s`))
          .map((word) => `${path} says "${word}"`);
      });
    },
  },
  {
    title: 'types are not silenced (no any; describe the value, or take unknown and check it)',
    breaches: (files) => having(files, /\bas any\b|[:<]\s*any\b\s*[>,;)=[\]]/, inSrc),
  },
  {
    title: 'no file names a place on somebody’s machine (use a path relative to the file)',
    breaches: (files) => {
      const places = /(?<![\w.:/])\/(?:work|root)\/|\/tmp\/dev\b/;
      return files.filter(({ text }) => places.test(text)).map(({ path }) => path);
    },
  },
];

const tests: Rule[] = [
  {
    title: 'no test is left out or run alone (delete .only and .skip)',
    breaches: (files) =>
      having(files, /\b(?:it|describe|context)\.(?:only|skip)\b|\bx(?:it|describe)\(/, isTest),
  },
  {
    title: 'every test file has a test',
    breaches: (files) =>
      files
        .filter(
          (file) => isTest(file) && !/\bit\(/.test(file.code) && !/\bdescribe\w+\(/.test(file.code),
        )
        .map(({ path }) => path),
  },
  {
    title: 'every test expects something (say what must be true)',
    breaches: (files) =>
      files.filter(isTest).flatMap(({ path, code }) => {
        const plain = withoutTemplates(code);
        const expecting = [
          'expect\\w*',
          'assert\\w*',
          'wait(?:Until|For)\\w*',
          ...expectingFunctionsOf(plain),
        ];
        const says = new RegExp(`\\b(?:${expecting.join('|')})\\b`);
        return testsOf(plain)
          .filter(({ body }) => !says.test(body))
          .map(({ title }) => `${path}: ${title}`);
      }),
  },
  {
    title: 'every race of docs/races.md has its tests (give the file and the exact title)',
    breaches: (files) => {
      const page = files.find(({ path }) => path === 'docs/races.md')?.text ?? '';
      const rows = page.split('\n').filter((line) => /^\| (?!Race |---)/.test(line));
      if (rows.length === 0) return ['docs/races.md has no races'];
      return rows.flatMap((row) => {
        const named = racesOf(row);
        if (named.length === 0) return [`${row} names no test`];
        return named
          .filter(({ path, title }) => {
            const file = files.find((one) => one.path === path);
            return !testsOf(file?.code ?? '').some((test) => test.title === title);
          })
          .map(({ path, title }) => `${path} has no test “${title}”`);
      });
    },
  },
];

type Manifest = { dependencies?: Record<string, string>; devDependencies?: Record<string, string> };

const dependencies: Rule[] = [
  {
    title: 'versions are exact, and the same in every workspace (npm i name@x.y.z)',
    breaches: (files) => {
      const wanted = new Map<string, Map<string, string[]>>();
      const loose: string[] = [];
      for (const { path, text } of files) {
        if (!path.endsWith('package.json')) continue;
        const manifest: Manifest = JSON.parse(text);
        const all = { ...manifest.dependencies, ...manifest.devDependencies };
        for (const [name, version] of Object.entries(all)) {
          if (!/^(npm:.*@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
            loose.push(`${path} has ${name} ${version}`);
          }
          const versions = wanted.get(name) ?? new Map<string, string[]>();
          versions.set(version, [...(versions.get(version) ?? []), path]);
          wanted.set(name, versions);
        }
      }
      const split = [...wanted]
        .filter(([, versions]) => versions.size > 1)
        .map(([name, versions]) => `${name}: ${JSON.stringify(Object.fromEntries(versions))}`);
      return [...loose, ...split];
    },
  },
  {
    title:
      'the lockfile names no registry (.npmrc has omit-lockfile-registry-resolved=true; npm i again)',
    breaches: (files) => {
      const lock = files.find(({ path }) => path === 'package-lock.json');
      if (!lock) return ['package-lock.json is missing'];
      return lock.text.match(/"resolved": "https?:[^"]*"/g) ?? [];
    },
  },
  {
    title:
      'every migration is numbered and says which way it goes (NNNN_name.sql, first line "-- Up Migration")',
    breaches: (files) =>
      files
        .filter(({ path }) => path.endsWith('.sql') && path.includes('/migrations/'))
        .filter(
          ({ path, text }) =>
            !/\/\d{4}_[a-z0-9-]+\.sql$/.test(path) || !text.startsWith('-- Up Migration\n'),
        )
        .map(({ path }) => path),
  },
  {
    title: 'no two migrations of a service share a number (it is the order in which they run)',
    breaches: (files) => {
      const paths = files.map(({ path }) => path).filter((path) => path.includes('/migrations/'));
      const numbers = paths.map((path) => path.replace(/(\/\d+)[^/]*$/, '$1'));
      return paths.filter((_, at) => numbers.indexOf(numbers[at] ?? '') < at);
    },
  },
];

describe('the repository', () => {
  // This check names what it forbids, so it is not checked by itself.
  const files = readRepository();
  const checked = files.filter(({ path }) => !path.startsWith('tests/tidy'));

  it('is read whole: its sources, migrations and manifests are found', () => {
    const paths = files.map(({ path }) => path);
    expect(paths).to.include.members([
      'package.json',
      'package-lock.json',
      'packages/shared/src/errors.ts',
      'packages/shared/migrations/0001_outbox-inbox-audit.sql',
      'tests/tidy.test.ts',
    ]);
    const bus = files.find(({ path }) => path === 'packages/shared/src/bus/kafka.ts');
    expect(bus?.imports).to.include.members(['kafkajs', 'packages/shared/src/errors.ts']);
  });

  for (const { title, breaches } of [
    ...direction,
    ...places,
    ...words,
    ...tests,
    ...dependencies,
  ]) {
    it(title, () => {
      expect(breaches(checked)).to.deep.equal([]);
    });
  }

  it('is checked by rules that can fail: each finds a file made to break it', () => {
    const broken: SourceFile[] = [
      made(
        'services/booking/src/checkout.ts',
        "import pg from 'pg';\nimport '@holdfast/catalog/x.ts';",
      ),
      made(
        'packages/auditor/src/x.ts',
        "import { Kafka } from 'kafkajs';\nimport '@holdfast/booking/x.ts';",
      ),
      made('packages/auditor/src/y.ts', "import '../../stack/src/z.ts';\nconst at = new Date( );"),
      made('services/auth/src/lib/index.ts', `process.env.HOME as any;${'\n'.repeat(301)}`),
      made('services/auth/src/words.ts', "const seatManager = '/root/main';"),
      made('services/auth/src/empty.test.ts', 'const x = 1;'),
      made(
        'services/auth/src/weak.test.ts',
        "it.only('is', () => {}); it('does nothing', () => {});",
      ),
      made('docs/races.md', '| a race | `services/auth/src/weak.test.ts` “is” “is not there” |'),
      made('services/auth/package.json', '{"dependencies":{"pg":"^8.0.0"}}'),
      made('services/auth/migrations/1.sql', 'select 1'),
      made('services/auth/migrations/1_more.sql', 'select 1'),
      made('package-lock.json', '{"resolved": "https://registry.example/x.tgz"}'),
    ];
    const all = [...direction, ...places, ...words, ...tests, ...dependencies];
    const idle = all.filter(({ breaches }) => breaches(broken).length === 0);
    expect(idle.map(({ title }) => title)).to.deep.equal([]);
  });
});

function made(path: string, text: string): SourceFile {
  const imports = [...text.matchAll(/(?:from|import) '([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('../../') ? `packages/${name.slice(6)}` : name,
  );
  return { path, text, code: text, imports };
}
