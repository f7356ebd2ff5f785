import { createBatches } from '@holdfast/shared/batches.ts';
import type { Collection, Document } from 'mongodb';
import type { Hold, HoldState, MiddleState, PinCommand } from '../hold.ts';
import { type Begin, begun } from './hold-steps.ts';
import { WHOLE } from './paging.ts';
import { notPassed, ownOf } from './time.ts';

/** The step that a command of booking takes where nothing came in between. */
const USUAL_STEPS: Readonly<
  Partial<Record<PinCommand['kind'], { from: HoldState; to: MiddleState }>>
> = {
  pin: { from: 'held', to: 'pinning' },
  confirm: { from: 'pinned', to: 'confirming' },
  fail: { from: 'pinned', to: 'unpinning' },
  cancel: { from: 'confirmed', to: 'returning' },
};

type Stepping = { command: PinCommand; step: Begin };

/** The rule of the usual step, by what the commands say themselves: what `decide` lets through. */
function mayStep(commands: readonly PinCommand[], kind: PinCommand['kind']): Document[] {
  const ids = commands.map(({ holdId }) => holdId);
  const own = (member: (command: PinCommand) => unknown) => ownOf(ids, commands.map(member));
  const isClosed = { $in: [own(({ pinId }) => pinId), '$closed.pinId'] };
  if (kind !== 'pin') {
    const isAnothers = { $ne: ['$pinId', own(({ pinId }) => pinId)] };
    return [{ $expr: { $not: [{ $or: [isAnothers, isClosed] }] } }];
  }
  const isUnfit = [
    { $ne: ['$userId', own(({ userId }) => userId)] },
    { $ne: ['$eventId', own(({ eventId }) => eventId)] },
    { $not: [{ $setEquals: ['$seats.seatId', own(({ seatIds }) => seatIds)] }] },
    isClosed,
  ];
  return [notPassed('$expiresAt'), { $expr: { $not: [{ $or: isUnfit }] } }];
}

/**
 * The step that a command of booking mostly takes, without reading the hold before: one
 * compare-and-set by what the command says. Null tells nothing but that it was not taken.
 */
export function createUsualSteps(holds: Collection<Hold>) {
  const stepTogether = createBatches<Stepping, Hold | null>({
    keysOf: ({ command }) => [command.holdId],
    kindOf: ({ command }) => command.kind,
    async run(steppings) {
      const commands = steppings.map(({ command }) => command);
      const kind = commands[0]?.kind;
      const usual = kind && USUAL_STEPS[kind];
      if (!usual) return steppings.map(() => null);
      const { from, to } = usual;
      const ids = commands.map(({ holdId }) => holdId);
      const filter = { _id: { $in: ids }, state: from, $and: mayStep(commands, kind) };
      const update = begun(
        steppings.map(({ command, step }) => ({ holdId: command.holdId, from, step })),
        to,
      );
      if (steppings.length === 1) {
        return [await holds.findOneAndUpdate(filter, update, { returnDocument: 'after' })];
      }
      await holds.updateMany(filter, update);
      const found = await holds
        .find({ _id: { $in: ids }, state: to })
        .batchSize(WHOLE)
        .toArray();
      const byId = new Map(found.map((hold) => [hold._id, hold]));
      // Of two equal steps at once both may count as done: whoever finishes one does so as if alone.
      return steppings.map(({ command, step }) => {
        const after = byId.get(command.holdId);
        const isOurs =
          after?.pinId === command.pinId && after.step?.origin.requestId === step.origin.requestId;
        return isOurs ? after : null;
      });
    },
  });

  return {
    /** Takes the usual step of the command; null: the hold has to be looked at. */
    takeUsualStep: async (command: PinCommand, step: Begin): Promise<Hold | null> =>
      USUAL_STEPS[command.kind] ? stepTogether({ command, step }) : null,
  };
}
