import { describeError } from '@holdfast/shared/errors.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import { askOutcome } from '../operations/ask-outcome.ts';
import type { HoldStores } from '../operations/dependencies.ts';
import { finishPlanEdit, type PlanEditStores } from '../operations/edit-plan.ts';
import { expireHold } from '../operations/expire-hold.ts';
import { type BlockStores, finishBlock } from '../operations/finish-block.ts';
import { finishHold } from '../operations/finish-hold.ts';
import { settleCommittingSeats, settleHeldSeats } from '../operations/settle-seats.ts';

const AT_ONCE = 8;
const BATCH = 200;
/** A plan of 100,000 seats takes its time: an edit is not resumed by another before. */
const PLAN_EDIT_MS = 60_000;
/** Each look for holds that ran out passes over those it found before: many are found at once. */
const RUN_OUT_BATCH = 5_000;
/** Those that go to the store together, and how many statements at once: room is left for others. */
const RUN_OUT_TOGETHER = 200;
const RUN_OUT_LANES = 2;

/**
 * Tidies up behind everybody: ends holds that ran out, finishes middle states, frees orphaned
 * seats, asks booking about old pins, completes events, their plan edits and blocks. Nothing waits for it: holds that ran out
 * are taken over in place, and consumers finish what they meet.
 */
export function createSweeper(options: {
  stores: HoldStores;
  ages: { resumeMs: number; orphanMs: number; unsettledMs: number };
  intervalMs: number;
  completeEvents: () => Promise<number>;
  blocks: BlockStores;
  planEdits: PlanEditStores;
}): Loop {
  const { stores, ages } = options;
  const { log } = stores;
  const start = new Date(0);
  let heldSince = start;
  let pinnedSince = start;

  async function each<T>(
    what: string,
    items: readonly T[],
    act: (item: T) => Promise<boolean | number>,
    atOnce = AT_ONCE,
  ): Promise<number> {
    let done = 0;
    const queue = [...items];
    const lane = async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
        try {
          done += Number(await act(item));
        } catch (error) {
          log.warn('sweeper.item_failed', { what, error: describeError(error) });
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    return done;
  }

  /** A part of the held seats a round, in the order they were taken, then from the start again. */
  async function sweepHeldSeats(): Promise<number> {
    const seats = await stores.seats.heldLongerThan(ages.orphanMs, heldSince, BATCH);
    heldSince = (seats.length === BATCH && seats.at(-1)?.hold?.takenAt) || start;
    return seats.length === 0 ? 0 : settleHeldSeats(stores, seats);
  }

  /** The same for seats under a pin. */
  async function sweepPinnedSeats(): Promise<number> {
    const seats = await stores.seats.committingLongerThan(ages.unsettledMs, pinnedSince, BATCH);
    pinnedSince = (seats.length === BATCH && seats.at(-1)?.commit?.at) || start;
    return seats.length === 0 ? 0 : settleCommittingSeats(stores, seats);
  }

  /** All holds that ran out, before anything else: many end at once, and people wait for them. */
  async function sweepRunOut(): Promise<number> {
    let done = 0;
    for (;;) {
      const found = await stores.holds.runOut(RUN_OUT_BATCH);
      const ended = await each('expire', slices(found), expireTogether, RUN_OUT_LANES);
      done += ended;
      // A batch that failed wholly waits for the next round.
      if (found.length < RUN_OUT_BATCH || ended === 0) return done;
    }
  }

  const expireTogether = (holdIds: readonly string[]) =>
    each('expire', holdIds, expire, holdIds.length);

  async function expire(holdId: string): Promise<boolean> {
    const found = await stores.holds.find(holdId);
    return found !== undefined && expireHold(stores, found);
  }

  const parts: readonly (() => Promise<number>)[] = [
    sweepRunOut,
    async () =>
      each(
        'resume',
        await stores.holds.unfinished(ages.resumeMs, BATCH),
        async (hold) => (await finishHold(stores, hold)) !== null,
      ),
    async () =>
      each('ask', await stores.holds.unsettled(ages.unsettledMs, BATCH), (hold) =>
        askOutcome(stores, hold),
      ),
    sweepHeldSeats,
    sweepPinnedSeats,
    options.completeEvents,
    async () =>
      each(
        'plan edit',
        await options.planEdits.events.unfinishedEdits(PLAN_EDIT_MS, BATCH),
        async (event) => Boolean(await finishPlanEdit(options.planEdits, event)),
      ),
    async () =>
      each(
        'block',
        await options.blocks.blocks.unfinished(ages.resumeMs, BATCH),
        async (block) => (await finishBlock(options.blocks, block)).state !== block.state,
      ),
  ];

  return createLoop({
    name: 'sweeper',
    intervalMs: options.intervalMs,
    log,
    async round() {
      let done = 0;
      for (const sweep of parts) done += await sweep();
      return done;
    },
  });
}

const slices = (ids: readonly string[]) =>
  Array.from({ length: Math.ceil(ids.length / RUN_OUT_TOGETHER) }, (_, at) =>
    ids.slice(at * RUN_OUT_TOGETHER, (at + 1) * RUN_OUT_TOGETHER),
  );
