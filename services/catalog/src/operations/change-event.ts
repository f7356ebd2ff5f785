import { systemClock } from '@holdfast/shared/clock.ts';
import { eventCancelled, eventUpdated } from '@holdfast/shared/contracts/events.ts';
import type { Terms } from '@holdfast/shared/contracts/terms.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import {
  type Caps,
  checkCaps,
  checkPrices,
  checkSale,
  type Event,
  type Image,
  type Price,
  searchTextOf,
} from '../event.ts';
import { checkStatusChange } from '../event-status.ts';
import { historyEntry } from '../hold.ts';
import type { Translations } from '../languages.ts';
import { eventMessage } from '../messages.ts';
import type { SeatPolicy } from '../seating/seat-policy.ts';
import type { Artists } from '../stores/artists.ts';
import type { EventChange, Events } from '../stores/events.ts';
import type { SeatEdits } from '../stores/seat-edits.ts';
import { checkTicketTypes, readTicketTypes, type TicketTypeInput } from '../ticket-types.ts';
import { refuseVersion } from './create-venue.ts';
import { refuseDuringEdit } from './edit-plan.ts';
import { nameArtists } from './keep-artist.ts';
import { refuseStranger } from './ownership.ts';
import { refuseReprice } from './reprice.ts';

export type EventEdit = {
  version?: number;
  name?: string;
  description?: string;
  artists?: string[];
  artistIds?: string[];
  category?: string;
  startsAt?: string;
  endsAt?: string | null;
  onSaleAt?: string;
  offSaleAt?: string | null;
  images?: Image[];
  language?: string | null;
  translations?: Translations;
  prices?: Price[];
  ticketTypes?: TicketTypeInput[];
  terms?: Terms | null;
  tags?: string[];
  metadata?: Record<string, string | number | boolean>;
  maxPerUser?: number;
  maxPerOrder?: number;
  seatPolicy?: SeatPolicy;
  status?: Event['status'];
  /** Seats that are held or sold keep the price they were taken at, which new prices change. */
  heldKeepPrice?: true;
};

/**
 * Changes an event. Holds keep the prices they were taken at; a change of the price of seats that
 * are held or sold wants to be meant (`heldKeepPrice`), or is refused with the list. Cancelling is a
 * change of status.
 */
export async function changeEvent(
  deps: { events: Events; artists: Artists; seatEdits: SeatEdits; limits: Caps; wake: () => void },
  command: { eventId: string; edit: EventEdit; actor: Actor; origin: Origin },
): Promise<Event | Refusal> {
  const event = await deps.events.find(command.eventId);
  if (event === undefined) return refused('event_not_found', `No event ${command.eventId}.`);
  const { version, startsAt, endsAt, onSaleAt, offSaleAt, ticketTypes, heldKeepPrice, ...rest } =
    command.edit;
  const orNone = (text: string | null) => (text === null ? null : new Date(text));
  const change: EventChange = {
    ...rest,
    ...(startsAt !== undefined && { startsAt: new Date(startsAt) }),
    ...(endsAt !== undefined && { endsAt: orNone(endsAt) }),
    ...(ticketTypes !== undefined && { ticketTypes: readTicketTypes(ticketTypes) }),
    ...(onSaleAt !== undefined && { onSaleAt: new Date(onSaleAt) }),
    ...(offSaleAt !== undefined && { offSaleAt: orNone(offSaleAt) }),
  };
  // A sale that ends with the event goes on doing so.
  if (change.endsAt && offSaleAt === undefined && endsSaleWith(event)) {
    change.offSaleAt = change.endsAt;
  }
  if (rest.artists || rest.artistIds) {
    const artists = await nameArtists(
      deps.artists,
      rest.artistIds ?? event.artistIds ?? [],
      rest.artists ?? event.artists,
    );
    if (isRefusal(artists)) return artists;
    change.artists = artists;
  }
  const after: Event = { ...event, ...change };
  const refusal =
    refuseStranger(event, command.actor) ??
    (event.ready ? undefined : refused('request_in_flight', 'Its seats are being created.')) ??
    (version !== undefined && version !== event.version
      ? refuseVersion(event.version)
      : undefined) ??
    refuseDuringEdit(event) ??
    checkStatusChange(event, after) ??
    checkSale(after) ??
    checkCaps(command.edit, deps.limits) ??
    checkPrices(after.prices, event.categories, event.currency) ??
    // Those that it has may name a category that its plan has lost: nothing else waits for them.
    checkTicketTypes(change.ticketTypes ?? [], event.categories, event.currency);
  if (refusal) return refusal;
  const inUse = heldKeepPrice ? undefined : await refuseReprice(deps, event, after);
  if (inUse) return inUse;

  const now = systemClock.now();
  const contract = after.status === 'cancelled' ? eventCancelled : eventUpdated;
  const next = event.version + 1;
  const changed = await deps.events.change(
    event,
    { ...change, searchText: searchTextOf(after) },
    {
      message: eventMessage(contract, after, { version: next, time: now, origin: command.origin }),
      entry: historyEntry(
        now,
        command.origin,
        after.status === 'cancelled' ? 'cancelled' : 'changed',
        { status: event.status, prices: event.prices, ...termsOf(event, change) },
        {
          status: after.status,
          prices: after.prices,
          ...termsOf(after, change),
          changed: Object.keys(change),
        },
      ),
    },
  );
  if (changed === null) return refuseVersion(next);
  deps.wake();
  return changed;
}

/** Terms go into the history where they are part of the change. */
function termsOf({ terms }: Event, change: EventChange) {
  return 'terms' in change ? { terms: terms ?? null } : {};
}

function endsSaleWith({ endsAt, offSaleAt }: Event): boolean {
  return Boolean(endsAt) && endsAt?.getTime() === offSaleAt?.getTime();
}
