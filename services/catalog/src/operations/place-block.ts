import { systemClock } from '@holdfast/shared/clock.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint, newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import type { Block } from '../block.ts';
import type { Event } from '../event.ts';
import { refuseGone } from '../event-status.ts';
import { historyEntry } from '../hold.ts';
import { type BlockStores, finishBlock } from './finish-block.ts';
import { refuseStranger } from './ownership.ts';
import { refuseReusedKey } from './refusals.ts';

/** The seats of a block are in its messages, whose size the broker bounds. */
export const MOST_BLOCKED = 4_000;

export type BlockDependencies = BlockStores & {
  events: { find(eventId: string): Promise<Event | undefined> };
};

type PlaceBlock = {
  eventId: string;
  input: { reason: string; seatIds?: string[]; section?: string };
  actor: Actor;
  idempotencyKey: string | undefined;
  origin: Origin;
};

/**
 * Keeps seats back from sale, all of them or none: the document first, then the seats by the rule
 * of a take, then the answer. A seat that is held, sold or blocked refuses it, with the list.
 */
export async function placeBlock(
  deps: BlockDependencies,
  command: PlaceBlock,
): Promise<Block | Refusal> {
  const { eventId, input, origin } = command;
  const refusal = await refuseOther(deps, eventId, command.actor);
  if (refusal) return refusal;
  const seatIds =
    input.seatIds ?? (await deps.seatBlocks.idsOfSection(eventId, input.section ?? ''));
  if (seatIds.length === 0) {
    return refused('seat_not_found', `The event has no section ${input.section}.`, { seatIds: [] });
  }
  if (seatIds.length > MOST_BLOCKED) {
    return refused(
      'too_many_seats',
      `A block has ${MOST_BLOCKED} seats at most; these are ${seatIds.length}: block them in parts.`,
      { maxSeats: MOST_BLOCKED },
    );
  }
  const now = systemClock.now();
  const block: Block = {
    _id:
      command.idempotencyKey === undefined
        ? newId()
        : derivedId('block', command.actor.userId, command.idempotencyKey),
    eventId,
    reason: input.reason,
    section: input.section ?? null,
    seatIds,
    fingerprint: fingerprint({ eventId, ...input }),
    state: 'placing',
    missed: [],
    origin,
    version: 1,
    createdAt: now,
    movedAt: now,
    history: [historyEntry(now, origin, input.reason, null, { state: 'placing' })],
    outbox: [],
  };
  const stored = (await deps.blocks.insert(block)) ? block : await deps.blocks.find(block._id);
  if (stored?.fingerprint !== block.fingerprint) {
    return refuseReusedKey('made another block');
  }
  const placed = await finishBlock(deps, stored);
  return placed.missed.length === 0 ? placed : refuseMissed(deps, placed);
}

/** Gives the seats of a block back; one that was lifted is answered as it is. */
export async function liftBlock(
  deps: BlockDependencies,
  command: { eventId: string; blockId: string; actor: Actor; origin: Origin },
): Promise<Block | Refusal> {
  const { eventId, blockId, origin } = command;
  const refusal = await refuseOther(deps, eventId, command.actor);
  if (refusal) return refusal;
  const found = await deps.blocks.find(blockId);
  if (found?.eventId !== eventId) {
    return refused('block_not_found', `The event has no block ${blockId}.`);
  }
  const block = await finishBlock(deps, found);
  if (block.state !== 'placed') return block;
  const lifting = await deps.blocks.move(block, 'lifting', {
    set: { origin },
    entry: historyEntry(
      systemClock.now(),
      origin,
      'lifted',
      { state: 'placed' },
      { state: 'lifting' },
    ),
  });
  return finishBlock(deps, lifting ?? block);
}

/** The blocks of an event, for those who may place them. */
export async function listBlocks(
  deps: BlockDependencies,
  command: { eventId: string; actor: Actor },
): Promise<Block[] | Refusal> {
  const refusal = await refuseOther(deps, command.eventId, command.actor);
  return refusal ?? deps.blocks.ofEvent(command.eventId);
}

/** Who may not block seats of the event, and of which event nobody may. */
async function refuseOther(
  deps: BlockDependencies,
  eventId: string,
  actor: Actor,
): Promise<Refusal | undefined> {
  const event = await deps.events.find(eventId);
  if (event === undefined) return refused('event_not_found', `There is no event ${eventId}.`);
  const refusal = refuseStranger(event, actor);
  // What is not published yet may have seats kept back as well.
  return (
    refusal ?? (event.status === 'draft' && event.ready ? undefined : refuseGone(event, eventId))
  );
}

async function refuseMissed(deps: BlockDependencies, block: Block): Promise<Refusal> {
  const found = await deps.seatBlocks.standingOf(block.eventId, block.missed);
  const known = new Set(found.map((seat) => seat.seatId));
  const unknown = block.missed.filter((seatId) => !known.has(seatId));
  if (unknown.length > 0) {
    return refused('seat_not_found', `The event has no seat ${unknown.slice(0, 20).join(', ')}.`, {
      seatIds: unknown,
    });
  }
  return refuseInUse(block.missed);
}

export function refuseInUse(seatIds: readonly string[]): Refusal {
  const named = seatIds.slice(0, 20).join(', ');
  const more = seatIds.length > 20 ? ` and ${seatIds.length - 20} more` : '';
  return refused(
    'seats_in_use',
    `These seats are held, sold or blocked: ${named}${more}. Leave them out, or wait for their holds to end.`,
    { seatIds },
  );
}
