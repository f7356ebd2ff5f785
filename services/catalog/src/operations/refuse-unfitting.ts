import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { formatMoney } from '@holdfast/shared/money.ts';
import type { SoldEvent } from '../event.ts';
import { areasOf } from '../seating/areas.ts';
import { roomOf } from '../seating/choice-reasons.ts';
import { type SeatWish, termsOf } from '../seating/seat-wish.ts';
import { KINDS, type Seating } from '../seating/seating.ts';
import { priceOf } from '../ticket-types.ts';
import type { BestWish } from './pick-best.ts';

/** Names that a message lists; the rest it counts. */
const MOST_NAMES = 20;

/**
 * The answer to a party for which nothing fits: what it asked for that the event does not have at
 * all, or else how much room there is; with the room in each category.
 */
export function refuseUnfitting(
  event: SoldEvent,
  seating: Seating,
  free: Uint8Array,
  { asked, wish }: { asked: BestWish; wish: SeatWish },
): Refusal {
  const { wished, byCategory } = roomOf(seating, free, wish);
  const missing =
    missCategory(event, seating, asked) ??
    missSection(seating, asked) ??
    missPrice(event, asked, wish) ??
    missFlag(seating, asked);
  const room =
    `No ${wish.partySize} seats fit the wish: ${wished.free} are free, at most ` +
    `${wished.largestTogether} side by side${haveFlags(seating, free, wish)}. ` +
    `Ask for fewer, elsewhere, or with a wider spread.`;
  return refused('no_fitting_seats', missing ?? room, {
    ...wished,
    categories: event.prices.map(({ category, priceMinor }) => ({
      category,
      priceMinor,
      ...(byCategory.get(category) ?? { free: 0, largestTogether: 0 }),
    })),
  });
}

function missCategory(event: SoldEvent, seating: Seating, { category }: BestWish) {
  if (category === undefined) return undefined;
  if (!event.prices.some((price) => price.category === category)) {
    const names = event.prices.map((price) => price.category);
    return `The event has no category ${category}; it has ${listed(names)}.`;
  }
  const number = seating.categories.indexOf(category);
  const isSeat = (kind: number, seat: number) =>
    kind !== KINDS.standing && seating.categoryOf[seat] === number;
  if (seating.kinds.some(isSeat)) return undefined;
  const areas = [...areasOf(seating.faces)].flatMap(([area, places]) =>
    places.some((place) => seating.categoryOf[place] === number) ? [area] : [],
  );
  return areas.length === 0
    ? undefined
    : `${category} has standing places only. ${useAreas(areas)}`;
}

function missSection({ faces, sections, sectionOf, kinds }: Seating, { section }: BestWish) {
  if (section === undefined) return undefined;
  if (!sections.includes(section)) {
    return `The event has no section ${section}; it has ${listed(sections)}.`;
  }
  const number = sections.indexOf(section);
  const isSeat = (kind: number, seat: number) =>
    kind !== KINDS.standing && sectionOf[seat] === number;
  if (!areasOf(faces).has(section) || kinds.some(isSeat)) return undefined;
  return `${section} is a standing area. ${useAreas([section])}`;
}

const useAreas = (areas: readonly string[]) =>
  `Hold its places with areas: [{ area, quantity }] in place of bestAvailable; area is ${listed(areas)}.`;

function missPrice(event: SoldEvent, { maxPriceMinor, ticketType }: BestWish, wish: SeatWish) {
  if (maxPriceMinor === undefined || wish.categories === undefined || wish.categories.size > 0) {
    return undefined;
  }
  const type = event.ticketTypes?.find((one) => one.id === ticketType);
  const cheapest = Math.min(
    ...event.prices.map(({ category }) => priceOf(event, category, type) ?? Infinity),
  );
  const shown = (priceMinor: number) => formatMoney(priceMinor, event.currency);
  return `Nothing that you ask for costs ${shown(maxPriceMinor)} or less; the event begins at ${shown(cheapest)}.`;
}

function missFlag({ faces }: Seating, { needs = [] }: BestWish) {
  if (needs.length === 0) return undefined;
  const flags = [...new Set(faces.flatMap((face) => face.flags))].sort();
  const unknown = needs.find((flag) => !flags.includes(flag));
  if (unknown === undefined) return undefined;
  const there = flags.length === 0 ? 'its seats have no flags' : `its flags are ${listed(flags)}`;
  return `No seat of the event has ${unknown}; ${there}.`;
}

/** How many of the free seats have what the party needs. */
function haveFlags(seating: Seating, free: Uint8Array, wish: SeatWish): string {
  const { eligible } = termsOf(seating, free, wish);
  const counts = [...new Set(wish.needs)].map((flag) => {
    const has = seating.faces.filter(
      ({ flags }, seat) => eligible[seat] === 1 && flags.includes(flag),
    );
    return `${has.length} of them ${flag}`;
  });
  return counts.length === 0 ? '' : `, ${counts.join(', ')}`;
}

function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
