import { connect, type Socket } from 'node:net';
import { createAnswerReader, type WireAnswer } from './answer-reader.ts';

/** A kept-alive connection with one request under way at most. */
export type Connection = {
  /** Sends and tells the answer, or why none came; connects anew after a close. */
  ask(request: Buffer, onAnswer: (answer: WireAnswer | Error) => void): void;
  close(): void;
};

/**
 * A bare HTTP/1.1 client on a socket of its own: a general client costs several times as much
 * CPU, which on a shared machine is taken from the one that is measured.
 */
export async function openConnection(host: string, port: number): Promise<Connection> {
  const reader = createAnswerReader();
  let waiting: ((answer: WireAnswer | Error) => void) | undefined;
  let usable = false;
  let socket = open();
  await new Promise<void>((resolve, reject) =>
    socket.once('connect', resolve).once('error', reject),
  );

  function open(): Socket {
    const opened = connect({ host, port, noDelay: true });
    usable = true;
    reader.reset();
    opened.on('data', (chunk: Buffer) => {
      const answer = reader.push(chunk);
      if (answer === undefined) return;
      if (answer.closes) {
        usable = false;
        opened.end();
      }
      settle(answer);
    });
    opened.on('error', (error) => end(opened, error));
    opened.on('close', () => end(opened, new Error('connection closed')));
    return opened;
  }

  function end(ended: Socket, error: Error): void {
    if (ended !== socket) return;
    usable = false;
    settle(error);
  }

  function settle(answer: WireAnswer | Error): void {
    const tell = waiting;
    waiting = undefined;
    tell?.(answer);
  }

  return {
    ask(request, onAnswer) {
      if (!usable) socket = open();
      waiting = onAnswer;
      socket.write(request);
    },
    close() {
      waiting = undefined;
      socket.destroy();
    },
  };
}
