import type { Actor } from '@holdfast/shared/tokens.ts';
import type { Remembered } from '../cache.ts';
import type { Caps } from '../event.ts';
import { refuseStranger } from '../operations/ownership.ts';
import type { Events } from '../stores/events.ts';
import { type EventView, viewEvent } from './views.ts';

/** An event as somebody may see it, and whether everybody may. */
export type SeenEvent = { view: EventView; isPublic: boolean };
export type SeeEvent = (eventId: string, actor: Actor) => Promise<SeenEvent | undefined>;

/**
 * Events that were ever published are there for everybody, through the cache; a draft for its
 * organizer and admins, from the store. For routes that are `owned`.
 */
export function createSeeEvent(
  events: Events,
  remembered: Remembered<EventView>,
  caps: Caps,
): SeeEvent {
  return async (eventId, actor) => {
    const view = await remembered.read(eventId);
    if (view !== undefined) return { view, isPublic: true };
    if (actor.userId === '') return undefined;
    const draft = await events.find(eventId);
    return draft?.ready && refuseStranger(draft, actor) === undefined
      ? { view: viewEvent(draft, caps), isPublic: false }
      : undefined;
  };
}
