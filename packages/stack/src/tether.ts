/** A user and group, by number: names may differ inside another root folder. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

const EXEC_UNLESS_ORPHANED = '[ "$PPID" = "$0" ] || exit 1; exec "$@"';

/**
 * The command line that runs `command` so that the kernel sends it `signal` when its parent dies,
 * however the parent dies. The shell closes the gap in which the parent was already gone when the
 * wish was registered. Linux only (prctl's PR_SET_PDEATHSIG through util-linux's setpriv).
 */
export function tether(
  signal: 'INT' | 'TERM' | 'KILL',
  command: readonly string[],
  user?: SystemUser,
): string[] {
  const as = user ? ['--reuid', `${user.uid}`, '--regid', `${user.gid}`, '--clear-groups'] : [];
  return [
    ...['setpriv', '--pdeathsig', signal, ...as, '--'],
    ...['sh', '-c', EXEC_UNLESS_ORPHANED, `${process.pid}`, ...command],
  ];
}
