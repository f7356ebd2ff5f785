import { createBatches } from '@holdfast/shared/batches.ts';
import type { SeatStatus } from '@holdfast/shared/contracts/holds.ts';
import type { Collection, Document } from 'mongodb';
import { attemptsOf, type Hold } from '../hold.ts';
import { eventIdOf, type Seat, seatKey } from '../seat.ts';
import { WHOLE } from './paging.ts';
import { FREED, lapsed } from './seat-rules.ts';
import { literal, notPassed, passed, plusOne } from './time.ts';

type Try = { eventId: string; holdId: string; attemptId: string };

/** A seat as its messages tell of it. */
export type SeatNow = Pick<Seat, 'seatId' | 'version' | 'status' | 'order'> & {
  hold?: { id: string };
};

/** What of a seat is read for them. */
export const AS_TOLD = { seatId: 1, version: 1, status: 1, order: 1, 'hold.id': 1 } as const;

const SOLD: Document[] = [{ $set: { status: 'sold', version: plusOne('$version') } }];

export const idsOf = (hold: { eventId: string; seats: readonly { seatId: string }[] }) =>
  hold.seats.map((seat) => seatKey(hold.eventId, seat.seatId));

export const eventIdsOf = (keys: readonly string[]) => [...new Set(keys.map(eventIdOf))];

/**
 * What becomes of seats that are taken, each step by its own rule. Where a step is the same for
 * every seat of its hold, those of one tick are one statement: a seat of the batch is
 * changed if it is of any hold of the batch, and each of these wants the same of its seats.
 */
export function createSeatSteps(seats: Collection<Seat>, coolDownMs: number) {
  const ofHolds = (holds: readonly Hold[], status: SeatStatus): Document => ({
    _id: { $in: holds.flatMap(idsOf) },
    eventId: { $in: [...new Set(holds.map((hold) => hold.eventId))] },
    'hold.id': { $in: holds.map((hold) => hold._id) },
    status,
  });
  const ofPins = (holds: readonly Hold[], status: SeatStatus): Document => ({
    _id: { $in: holds.flatMap(idsOf) },
    eventId: { $in: [...new Set(holds.map((hold) => hold.eventId))] },
    'commit.pinId': { $in: holds.map((hold) => hold.pinId) },
    status,
  });
  const together = (of: (holds: readonly Hold[]) => Document, becoming: Document[]) =>
    createBatches<Hold, void>({
      keysOf: (hold) => [hold._id],
      async run(holds) {
        await seats.updateMany(of(holds), becoming);
        return holds.map(() => undefined);
      },
    });

  const pinTogether = createBatches<Hold, SeatNow[]>({
    keysOf: (hold) => [hold._id],
    kindOf: (hold) => `${hold.round}`,
    async run(holds) {
      const own = (values: readonly unknown[]) => ({
        $arrayElemAt: [
          literal(values),
          { $indexOfArray: [literal(holds.map((hold) => hold._id)), '$hold.id'] },
        ],
      });
      // A seat in the hands of one hold of the batch may be named by another, which has lost it.
      const named = { $in: ['$_id', own(holds.map(idsOf))] };
      const commits = holds.map(({ bookingId, pinId }) => ({ bookingId, pinId }));
      await seats.updateMany(
        {
          ...ofHolds(holds, 'held'),
          'hold.round': holds[0]?.round,
          $expr: { $not: [{ $not: [named] }] },
        },
        [
          {
            $set: {
              status: 'committing',
              version: plusOne('$version'),
              commit: { $mergeObjects: [own(commits), { at: '$$NOW' }] },
            },
          },
        ],
      );
      const pinned = await seats
        .find(ofPins(holds, 'committing'))
        .project<SeatNow & { commit: { pinId: string } }>({ ...AS_TOLD, 'commit.pinId': 1 })
        .sort({ _id: 1 })
        .batchSize(WHOLE)
        .toArray();
      const byPin = Map.groupBy(pinned, ({ commit }) => commit.pinId);
      return holds.map(({ pinId }) => byPin.get(pinId ?? '') ?? []);
    },
  });

  const giveBackTogether = createBatches<Try, void>({
    keysOf: ({ attemptId }) => [attemptId],
    async run(tries) {
      await seats.updateMany(
        {
          eventId: { $in: [...new Set(tries.map((one) => one.eventId))] },
          status: 'held',
          'hold.id': { $in: tries.map((one) => one.holdId) },
          'hold.attemptId': { $in: tries.map((one) => one.attemptId) },
        },
        FREED,
      );
      return tries.map(() => undefined);
    },
  });

  return {
    /** Gives back what one try took, and nothing that another try of the same hold owns. */
    giveBack: (eventId: string, holdId: string, attemptId: string): Promise<void> =>
      giveBackTogether({ eventId, holdId, attemptId }),

    /** Moves the end of the live seats of a hold, never to an earlier instant; how many it reached. */
    async extend(hold: Hold, expiresAt: Date): Promise<number> {
      const { matchedCount } = await seats.updateMany(
        { ...ofHolds([hold], 'held'), ...notPassed('$hold.expiresAt') },
        [
          {
            $set: {
              'hold.expiresAt': { $max: ['$hold.expiresAt', literal(expiresAt)] },
              version: plusOne('$version'),
            },
          },
        ],
      );
      return matchedCount;
    },

    /** Pins the seats of this round of the hold; those under its pin then, in order of their ids. */
    pin: (hold: Hold): Promise<SeatNow[]> => pinTogether(hold),

    confirm: together((holds) => ofPins(holds, 'committing'), SOLD),

    /** Undoes a pin: the seats are free, or held again until the hold's own end in its next round. */
    async unpin(hold: Hold, to: 'held' | 'available'): Promise<void> {
      await seats.updateMany(
        ofPins([hold], 'committing'),
        to === 'available'
          ? FREED
          : [
              {
                $set: {
                  status: 'held',
                  version: plusOne('$version'),
                  'hold.expiresAt': literal(hold.expiresAt),
                  'hold.round': literal(hold.round + 1),
                },
              },
              { $unset: ['commit'] },
            ],
      );
    },

    free: together((holds) => ofHolds(holds, 'held'), FREED),

    /** The same for holds that ran out: their accounts leave the seats to others for a while. */
    expire: together((holds) => ofHolds(holds, 'held'), lapsed(coolDownMs)),

    /** The same, each seat only once its own time has run out. */
    lapse: together(
      (holds) => ({ ...ofHolds(holds, 'held'), ...passed('$hold.expiresAt') }),
      lapsed(coolDownMs),
    ),

    /** Frees seats that a hold dropped, and none that it took again since. */
    async freeDropped(hold: Hold, seatIds: readonly string[]): Promise<void> {
      await seats.updateMany(
        {
          _id: { $in: seatIds.map((seatId) => seatKey(hold.eventId, seatId)) },
          eventId: hold.eventId,
          status: 'held',
          'hold.id': hold._id,
          'hold.attemptId': { $in: attemptsOf(hold) },
        },
        FREED,
      );
    },

    /** Returns some of the sold seats of a hold, and none that was sold again since. */
    async returnSome(hold: Hold, seatIds: readonly string[]): Promise<void> {
      await seats.updateMany(
        {
          _id: { $in: seatIds.map((seatId) => seatKey(hold.eventId, seatId)) },
          eventId: hold.eventId,
          status: 'sold',
          'commit.pinId': hold.pinId,
        },
        FREED,
      );
    },

    returnSold: together((holds) => ofPins(holds, 'sold'), FREED),

    /** Frees held seats of a hold that has ended, whichever try took them. */
    async freeHeldBy(eventId: string, holdId: string): Promise<number> {
      const { modifiedCount } = await seats.updateMany(
        { eventId, 'hold.id': holdId, status: 'held' },
        FREED,
      );
      return modifiedCount;
    },

    /** Settles seats under a pin whose hold has gone on without them. */
    async settlePin(eventId: string, pinId: string, to: 'sold' | 'available'): Promise<number> {
      const { modifiedCount } = await seats.updateMany(
        { eventId, 'commit.pinId': pinId, status: 'committing' },
        to === 'sold' ? SOLD : FREED,
      );
      return modifiedCount;
    },
  };
}
