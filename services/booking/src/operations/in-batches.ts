import { createBatches } from '@holdfast/shared/batches.ts';
import { type ProviderHint, takeHints } from '../stores/provider-hints.ts';
import { type Advance, advanceCheckouts, type StepDeps } from './advance-checkout.ts';
import { type PlaceBooking, placeBookings } from './place-bookings.ts';

/**
 * Of checkouts that go to the database together: a few transactions keep its cores busy. While few
 * wait, one transaction of several costs less than several of one.
 */
const BATCHES = { lanes: 3, mostKeys: 192, fewestBeside: 24 };

/** What purchases ask for one at a time, and goes to the database with what others ask for. */
export function createCheckoutBatches(deps: StepDeps & { onCallsDue: () => void }) {
  return {
    advance: createBatches({
      ...BATCHES,
      run: (steps: readonly Advance[]) => advanceCheckouts(deps, steps),
      keysOf: ({ bookingId }) => [bookingId],
    }),
    place: createBatches({
      ...BATCHES,
      run: (commands: readonly PlaceBooking[]) => placeBookings(deps, commands),
      keysOf: ({ offer: { userId, holds, eventId }, key }) => [
        `key ${userId} ${key}`,
        ...holds.map(({ holdId }) => `hold ${holdId}`),
        `quota ${userId} ${eventId}`,
      ],
    }),
    takeHint: createBatches({
      lanes: 1,
      keysOf: ({ event }: ProviderHint) => [event.id],
      async run(hints) {
        if ((await takeHints(deps.db, hints)) > 0) deps.onCallsDue();
        return hints.map(() => undefined);
      },
    }),
  };
}
