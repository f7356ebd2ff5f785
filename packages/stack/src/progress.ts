import { clearLine, cursorTo } from 'node:readline';
import { log } from '@clack/prompts';

/** One visible piece of work. */
export interface Step {
  /** What it is doing now; may be called often, and does nothing once the step has ended. */
  update(text: string): void;
  done(text: string): void;
  fail(text: string): void;
}

export interface Progress {
  step(name: string): Step;
}

/** Shows nothing: for tests and for `--json`. */
export const silentProgress: Progress = {
  step: () => ({ update: () => {}, done: () => {}, fail: () => {} }),
};

/** A line for the running steps on a terminal, plain lines everywhere else. */
export function createProgress(output: NodeJS.WriteStream = process.stderr): Progress {
  return output.isTTY ? createTerminalProgress(output) : createPlainProgress(output);
}

const QUIET_MS = 10_000;

/** A line where a step starts and ends, and one every ten seconds of it between. */
function createPlainProgress(output: NodeJS.WritableStream): Progress {
  return {
    step(name) {
      const startedAt = performance.now();
      let shownAt = Number.NEGATIVE_INFINITY;
      const print = (text: string) => output.write(`${name}: ${text}\n`);
      let ended = false;
      return {
        update(text) {
          if (ended || performance.now() - shownAt < QUIET_MS) return;
          shownAt = performance.now();
          print(text);
        },
        done(text) {
          ended = true;
          print(`${text} (${seconds(startedAt)})`);
        },
        fail(text) {
          ended = true;
          print(`failed: ${text}`);
        },
      };
    },
  };
}

/**
 * Finished steps scroll up; the running ones share one line below. clack's own spinner is not
 * used: it puts the terminal in raw mode and ends the program on Ctrl-C before anything is stopped.
 */
function createTerminalProgress(output: NodeJS.WriteStream): Progress {
  const running = new Map<string, string>();
  const line = { output, spacing: 0 };
  const show = () => {
    clearLine(output, 0);
    cursorTo(output, 0);
    const text = [...running].map(([name, doing]) => `${name}: ${doing}`).join('  |  ');
    output.write(text.slice(0, Math.max(20, (output.columns || 80) - 2)));
  };
  const end = (name: string, print: () => void) => {
    running.delete(name);
    clearLine(output, 0);
    cursorTo(output, 0);
    print();
    show();
  };
  return {
    step(name) {
      const startedAt = performance.now();
      let ended = false;
      return {
        update(text) {
          if (ended) return;
          running.set(name, text);
          show();
        },
        done(text) {
          ended = true;
          end(name, () => log.success(`${name}: ${text} (${seconds(startedAt)})`, line));
        },
        fail(text) {
          ended = true;
          end(name, () => log.error(`${name}: ${text}`, line));
        },
      };
    },
  };
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
