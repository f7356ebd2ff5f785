import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Event } from '../event.ts';
import type { SeatEdits } from '../stores/seat-edits.ts';
import { priceOf } from '../ticket-types.ts';

/**
 * Refuses new prices of categories with seats that are held or sold, with their list. What keeps no
 * price at all is not repriced: its seats are gone by then.
 */
export async function refuseReprice(
  stores: { seatEdits: SeatEdits },
  before: Event,
  after: Pick<Event, 'prices' | 'ticketTypes' | 'currency'>,
): Promise<Refusal | undefined> {
  const repriced = repricedCategories(before, after);
  const seatIds = repriced.length > 0 ? await stores.seatEdits.inUse(before._id, repriced) : [];
  if (seatIds.length === 0) return undefined;
  return refused(
    'seats_in_use',
    `${seatIds.length} seats with a new price are held or sold. They keep the price they were taken at: say heldKeepPrice to go on.`,
    { seatIds },
  );
}

/** Categories of which a seat costs another sum, as any type that was there before. */
function repricedCategories(
  before: Event,
  after: Pick<Event, 'prices' | 'ticketTypes' | 'currency'>,
): string[] {
  const known = [undefined, ...(before.ticketTypes ?? [])];
  const isPriced = (category: string) => after.prices.some((one) => one.category === category);
  return before.categories.filter(isPriced).filter((category) =>
    known.some((type) => {
      const same = type && after.ticketTypes?.find((one) => one.id === type.id);
      if (type !== undefined && same === undefined) return false;
      return priceOf(before, category, type) !== priceOf(after, category, same);
    }),
  );
}
