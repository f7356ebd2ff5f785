import type { Command } from './command.ts';

/** What `./holdfast --help` prints. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => usage(command).length));
  const lines = commands.map((command) => `  ${usage(command).padEnd(width)}  ${command.summary}`);
  return `Holdfast sells seats, and never one twice.

Usage: ./holdfast COMMAND [options]

${lines.join('\n')}

Every command:
  --data-dir FOLDER  where data, logs and secrets lie (default: one of this checkout's own)
  --help             what the command does and its options
`;
}

/** What `./holdfast COMMAND --help` prints. */
export function commandHelp(command: Command): string {
  const json =
    'json' in command.options ? '  --json             print JSON, and no progress\n' : '';
  return `Usage: ./holdfast ${usage(command)} [options]

${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.

${command.help}

${json}  --data-dir FOLDER  where data, logs and secrets lie (default: one of this checkout's own)
`;
}

function usage({ name, operands }: Command): string {
  return operands ? `${name} ${operands}` : name;
}
