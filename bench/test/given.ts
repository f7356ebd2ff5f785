import { readEnvironment } from '@holdfast/stack/config.ts';

/** A store's URL from the environment; a missing store is a failure. */
export function given(name: string): string {
  const value = readEnvironment()[name];
  if (!value) throw new Error(`${name} is not set: bring up the stores and name them`);
  return value;
}
