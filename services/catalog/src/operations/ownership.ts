import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';

/** Organizers change only their own venues and events; admins all. */
export function refuseStranger(owned: { ownerId: string }, actor: Actor): Refusal | undefined {
  if (owned.ownerId === actor.userId || actor.roles.includes('admin')) return undefined;
  return refused('forbidden', 'Only its own organizer or an admin may change this.');
}
