import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { readSettings, stopOnSignal } from './settings.ts';

export type BareAnswer = { body: string; type: string; encoding?: string; status?: number };

export type BareHttpSettings = {
  port: number;
  /** A JSON file of answers by path; bodies in base64. Any other path is answered `ok`. */
  answers?: string;
  /** With entity tags and 304; they change so often a second, as what is measured changes. */
  changesPerSecond?: number;
};

// Node's own HTTP server giving out bytes from memory: nothing written in Node is faster.
const settings = readSettings<BareHttpSettings>();
const stored: Record<string, BareAnswer> =
  settings.answers === undefined ? {} : JSON.parse(readFileSync(settings.answers, 'utf8'));
const answers = new Map(
  Object.entries(stored).map(([path, { body, type, encoding, status = 200 }]) => {
    const bytes = Buffer.from(body, 'base64');
    const headers = {
      'content-type': type,
      'content-length': bytes.length,
      ...(encoding !== undefined && { 'content-encoding': encoding }),
    };
    return [path, { status, bytes, headers }];
  }),
);
const OK = {
  status: 200,
  bytes: Buffer.from('ok'),
  headers: { 'content-type': 'text/plain', 'content-length': 2 },
};

let change = 0;
let etag: string | undefined;
if (settings.changesPerSecond !== undefined) {
  const next = () => {
    change += 1;
    etag = `"${change}"`;
  };
  next();
  setInterval(next, 1_000 / settings.changesPerSecond);
}

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  if (etag !== undefined && request.headers['if-none-match'] === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  const answer = answers.get(request.url ?? '') ?? OK;
  const headers = etag === undefined ? answer.headers : { ...answer.headers, etag };
  response.writeHead(answer.status, headers).end(answer.bytes);
});
server.listen(settings.port, '127.0.0.1');
stopOnSignal(async () => server.closeAllConnections());
