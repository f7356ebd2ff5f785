import { readFile, writeFile } from 'node:fs/promises';
import { asyncApi } from './asyncapi.ts';
import { messagesPage } from './messages-page.ts';

const DOCS = new URL('../../../../docs/', import.meta.url);
const PACKAGE = new URL('../../package.json', import.meta.url);

/** The generated pages by file name, as they ought to stand in docs/. */
export async function renderDocs(): Promise<Record<string, string>> {
  const { version } = JSON.parse(await readFile(PACKAGE, 'utf8')) as { version: string };
  return {
    'asyncapi.json': `${JSON.stringify(asyncApi(version), null, 2)}\n`,
    'messages.md': messagesPage(),
  };
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await renderDocs())) {
    await writeFile(new URL(name, DOCS), text);
  }
}
