import { connect } from 'node:net';

/** Sends bytes as they are, which no HTTP client would; resolves with all that came back. */
export function sendRaw(origin: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      received += text;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

/** Asks for a request target exactly as written, on a connection of its own. */
export async function askRaw(origin: string, target: string, headers: readonly string[] = []) {
  const lines = [`GET ${target} HTTP/1.1`, 'host: test', 'connection: close', ...headers];
  const text = await sendRaw(origin, `${lines.join('\r\n')}\r\n\r\n`);
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body };
}
