/** An HTTP/1.1 answer as far as a load generator looks at it. */
export type WireAnswer = {
  status: number;
  etag: string | undefined;
  /** The content encoding. */
  encoding: string | undefined;
  body: Buffer;
  /** The server will close the connection. */
  closes: boolean;
};

const HEAD_END = Buffer.from('\r\n\r\n');
const CHUNKS_END = Buffer.from('0\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/**
 * Puts the answers of one connection together. One request is under way at a time, so an answer
 * is whole when its declared length is there. Bodies in chunks are not joined: their end is all
 * that is looked for.
 */
export function createAnswerReader() {
  let pending: Buffer = NOTHING;

  function read(): WireAnswer | undefined {
    const headEnd = pending.indexOf(HEAD_END);
    if (headEnd < 0) return undefined;
    const head = pending.toString('latin1', 0, headEnd).toLowerCase();
    const status = Number(head.slice(9, 12));
    const bodyStart = headEnd + 4;
    const length = headerOf(head, 'content-length');
    const isBare = status === 204 || status === 304;
    let end = bodyStart;
    if (!isBare && length !== undefined) {
      end += Number(length);
      if (pending.length < end) return undefined;
    } else if (!isBare && headerOf(head, 'transfer-encoding') === 'chunked') {
      const last = pending.indexOf(CHUNKS_END, bodyStart);
      if (last < 0) return undefined;
      end = last + CHUNKS_END.length;
    }
    const answer = {
      status,
      etag: headerOf(head, 'etag') === undefined ? undefined : etagIn(pending, headEnd),
      encoding: headerOf(head, 'content-encoding'),
      body: pending.subarray(bodyStart, end),
      closes: headerOf(head, 'connection') === 'close',
    };
    pending = pending.subarray(end);
    return answer;
  }

  return {
    /** Takes what arrived; the answer, once it is whole. */
    push(chunk: Buffer): WireAnswer | undefined {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      return read();
    },
    reset() {
      pending = NOTHING;
    },
  };
}

/** A header's value; `head` is in lower case. */
function headerOf(head: string, name: string): string | undefined {
  const at = head.indexOf(`\r\n${name}:`);
  if (at < 0) return undefined;
  const start = at + name.length + 3;
  const end = head.indexOf('\r\n', start);
  return head.slice(start, end < 0 ? undefined : end).trim();
}

/** An entity tag is compared as it stands, so it is read in its own case. */
function etagIn(answer: Buffer, headEnd: number): string | undefined {
  return /\r\netag:[ \t]*([^\r]+)/i.exec(answer.toString('latin1', 0, headEnd))?.[1];
}
