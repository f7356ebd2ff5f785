// `node is-installed.mjs ROOT` exits with 0 when node_modules is what package-lock.json asks for.
// npm writes node_modules/.package-lock.json at the very end, so an interrupted installation has
// none. Plain JavaScript: it runs before the pinned Node, which reads TypeScript, is installed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.argv[2] ?? '.';

function readPackages(file) {
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

function isInstalled() {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const present = readPackages(join(root, 'node_modules/.package-lock.json'));
  if (!wanted || !present || !existsSync(join(root, 'node_modules/node/bin/node'))) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    // Optional packages are those of other platforms; the root itself is not installed.
    if (path === '' || entry.optional) return true;
    return present[path]?.version === entry.version && present[path]?.link === entry.link;
  });
}

process.exit(isInstalled() ? 0 : 1);
