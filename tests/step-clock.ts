/**
 * Loaded before a service: each SIGWINCH steps the wall clock of that process to the next of
 * CLOCK_STEPS_MS, as a machine’s clock is set right or wrong under it. Services stop on SIGUSR2.
 */
const steps = (process.env.CLOCK_STEPS_MS ?? '').split(',').map(Number);
const RealDate = Date;
let at = 0;

const now = () => RealDate.now() + (steps[at] ?? 0);

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  apply: (target) => new target(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});

process.on('SIGWINCH', () => {
  at = (at + 1) % steps.length;
  process.title = `holdfast, clock ${steps[at]} ms off`;
});
