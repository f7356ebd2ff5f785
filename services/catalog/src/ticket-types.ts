import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { chargeStepOf, formatMoney, shareOf } from '@holdfast/shared/money.ts';
import type { Event, Price } from './event.ts';

/**
 * A kind of ticket for any seat, such as child. What it costs: its own price of the category, or so
 * many percent of the event's, or the event's.
 */
export type TicketType = {
  id: string;
  name: string;
  percent?: number;
  prices?: Price[];
  /** Its own sales window, within the event's. */
  salesFrom?: Date;
  salesUntil?: Date;
  /** Most seats of this type in one hold. */
  maxPerOrder?: number;
  /** The type of seats for which none is named. Exactly one type is it, at the event's prices. */
  default?: boolean;
};

/** The same as a request says it. */
export type TicketTypeInput = Omit<TicketType, 'salesFrom' | 'salesUntil'> & {
  salesFrom?: string;
  salesUntil?: string;
};

export function readTicketTypes(types: readonly TicketTypeInput[]): TicketType[] {
  return types.map(({ salesFrom, salesUntil, ...type }) => ({
    ...type,
    ...(salesFrom !== undefined && { salesFrom: new Date(salesFrom) }),
    ...(salesUntil !== undefined && { salesUntil: new Date(salesUntil) }),
  }));
}

type Priced = Pick<Event, 'prices' | 'ticketTypes' | 'currency'>;
type Sale = { onSaleAt: Date; offSaleAt?: Date | null };

/** What a seat of the category costs as that type; undefined for an unknown category. */
export function priceOf(event: Priced, category: string, type?: TicketType): number | undefined {
  const inCategory = (price: Price) => price.category === category;
  const own = type?.prices?.find(inCategory)?.priceMinor;
  const base = event.prices.find(inCategory)?.priceMinor;
  if (own !== undefined || base === undefined) return own;
  return shareOf(base, type?.percent ?? 100, 100, chargeStepOf(event.currency));
}

/** The types of an event with the price of each category: what anyone may see. */
export function viewTicketTypes(event: Priced) {
  return event.ticketTypes?.map((type) => ({
    id: type.id,
    name: type.name,
    default: type.default === true,
    prices: event.prices.map(({ category }) => ({
      category,
      priceMinor: priceOf(event, category, type) ?? 0,
    })),
    ...(type.salesFrom && { salesFrom: type.salesFrom.toISOString() }),
    ...(type.salesUntil && { salesUntil: type.salesUntil.toISOString() }),
    ...(type.maxPerOrder !== undefined && { maxPerOrder: type.maxPerOrder }),
  }));
}

/** What is wrong with the types of an event, beyond what a schema can say. */
export function checkTicketTypes(
  types: readonly TicketType[],
  categories: readonly string[],
  currency: string,
): Refusal | undefined {
  const problem =
    findProblem(types, categories) ??
    findOddPrice(
      types.flatMap(({ prices = [] }) => prices),
      currency,
    );
  return problem === undefined ? undefined : refused('invalid_request', problem);
}

/** What is wrong with a price that no card can be charged. */
export function findOddPrice(prices: readonly Price[], currency: string): string | undefined {
  const step = chargeStepOf(currency);
  const odd = prices.find(({ priceMinor }) => priceMinor % step !== 0);
  if (odd === undefined) return undefined;
  const price = `${formatMoney(odd.priceMinor, currency)} for ${odd.category}`;
  return `Cards take ${currency} in steps of ${formatMoney(step, currency)}: change the price of ${price}.`;
}

function findProblem(types: readonly TicketType[], categories: readonly string[]) {
  if (types.length === 0) return undefined;
  if (new Set(types.map((type) => type.id)).size < types.length) {
    return 'Give each ticket type an id of its own; one is there twice.';
  }
  const [usual, ...others] = types.filter((type) => type.default);
  if (usual === undefined || others.length > 0) return 'Exactly one ticket type is the default.';
  if (usual.percent !== undefined || usual.prices !== undefined) {
    return `The default ticket type costs what the event's prices say: leave out percent and prices of ${usual.id}.`;
  }
  for (const { id, prices = [], salesFrom, salesUntil } of types) {
    const unknown = prices.find((price) => !categories.includes(price.category));
    if (unknown)
      return `Ticket type ${id} has a price for ${unknown.category}, which is no category.`;
    if ([salesFrom, salesUntil].some((at) => at && Number.isNaN(at.getTime()))) {
      return `The sale of ticket type ${id} must begin and end at dates that exist.`;
    }
    if (salesFrom && salesUntil && salesFrom >= salesUntil) {
      return `The sale of ticket type ${id} must begin before it ends.`;
    }
  }
  return undefined;
}

/** Which type each seat is to have: the one named for it, or for all, or the default. */
export type TypeWish = { bySeat?: ReadonlyMap<string, string>; forAll?: string };

/** The names in a wish for each of these seats, with nothing where none is named. */
export function namesOf({ bySeat, forAll }: TypeWish, seatIds: readonly string[]): string[] {
  return seatIds.map((seatId) => bySeat?.get(seatId) ?? forAll ?? '');
}

/** The types of seats by their ids; empty where the event has no types. */
export type TypesOfSeats = ReadonlyMap<string, TicketType>;

/** Finds the types that are wished for; `own` are those of seats that the hold has already. */
export function chooseTypes(
  event: Pick<Event, 'ticketTypes'>,
  seatIds: readonly string[],
  wish: TypeWish | undefined,
  own: readonly string[] = [],
): TypesOfSeats | Refusal {
  const types = event.ticketTypes ?? [];
  const usual = types.find((type) => type.default);
  const chosen = new Map<string, TicketType>();
  for (const seatId of seatIds) {
    const named = wish?.bySeat?.get(seatId) ?? wish?.forAll;
    const type = named === undefined ? usual : types.find((one) => one.id === named);
    if (type !== undefined) chosen.set(seatId, type);
    else if (named !== undefined) return refuseUnknown(named, types);
  }
  const counted = [...own, ...[...chosen.values()].map((type) => type.id)];
  for (const type of new Set(chosen.values())) {
    const wanted = counted.filter((id) => id === type.id).length;
    if (type.maxPerOrder !== undefined && wanted > type.maxPerOrder) {
      return refused(
        'too_many_seats',
        `A hold takes ${type.maxPerOrder} seats as ${type.name} at most; this makes ${wanted}.`,
        { ticketType: type.id, maxSeats: type.maxPerOrder },
      );
    }
  }
  return chosen;
}

function refuseUnknown(named: string, types: readonly TicketType[]): Refusal {
  const known = types.map((type) => type.id).join(', ');
  return refused(
    'ticket_type_not_found',
    known === ''
      ? 'The event has no ticket types: name none.'
      : `The event has no ticket type ${named}; it has ${known}.`,
    { ticketType: named },
  );
}

/** When seats of these types can be had: while the event is on sale and each type is. */
export function saleOf(
  event: Sale,
  types: TypesOfSeats,
): { onSaleAt: Date; offSaleAt: Date | null } {
  const chosen = [...types.values()];
  const begins = [event.onSaleAt, ...chosen.flatMap((type) => type.salesFrom ?? [])];
  const ends = [event.offSaleAt, ...chosen.map((type) => type.salesUntil)].flatMap(
    (end) => end ?? [],
  );
  return {
    onSaleAt: new Date(Math.max(...begins.map((at) => at.getTime()))),
    offSaleAt: ends.length === 0 ? null : new Date(Math.min(...ends.map((at) => at.getTime()))),
  };
}

/** A refusal by the sale's window, as one of a ticket type where that is what narrowed it. */
export function explainSale(refusal: Refusal, event: Sale, types: TypesOfSeats): Refusal {
  if (refusal.code !== 'event_not_on_sale') return refusal;
  const sale = saleOf(event, types);
  const isOver = refusal.extra?.offSaleAt !== undefined;
  const narrowed = isOver
    ? sale.offSaleAt?.getTime() !== event.offSaleAt?.getTime()
    : sale.onSaleAt > event.onSaleAt;
  if (!narrowed) return refusal;
  const windows = [...new Set(types.values())].map(({ id, salesFrom, salesUntil }) => ({
    ticketType: id,
    ...(salesFrom && { salesFrom: salesFrom.toISOString() }),
    ...(salesUntil && { salesUntil: salesUntil.toISOString() }),
  }));
  return refused(
    'ticket_type_not_on_sale',
    `Not each of these ticket types is on sale now: ${windows.map((one) => one.ticketType).join(', ')}. Choose others.`,
    { windows },
  );
}
