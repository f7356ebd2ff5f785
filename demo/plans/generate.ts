import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { instantOf, localTime } from './local-time.ts';
import { COMPANION, RESTRICTED, WHEELCHAIR } from './rows.ts';
import { buildSeatingPlan, type SeatingPlan } from './seating-plan.ts';
import type { Show, Venue } from './venue.ts';
import { lanterne } from './venues/cave-de-la-lanterne.ts';
import { fairwater } from './venues/fairwater-playhouse.ts';
import { kammersaal } from './venues/kammersaal-am-fluss.ts';
import { lakeTerrace } from './venues/lake-terrace-amphitheater.ts';
import { nordhamn } from './venues/nordhamn-arena.ts';
import { boccadoro } from './venues/teatro-boccadoro.ts';
import { verriers } from './venues/theatre-des-verriers.ts';
import { tonsaal } from './venues/tonsaal-am-schanzengraben.ts';

export const VENUES: Venue[] = [
  nordhamn,
  lakeTerrace,
  boccadoro,
  tonsaal,
  fairwater,
  verriers,
  kammersaal,
  lanterne,
];

/** pretix has no flags on seats, so a seat's category says it; importers map it with this table. */
const CATEGORY_FLAGS: Record<string, string[]> = {
  [WHEELCHAIR]: ['accessible'],
  [COMPANION]: ['companion'],
  [RESTRICTED]: ['restricted-view'],
};

/** Every file of the catalog: its path below demo/catalog, and its text. */
export function catalogFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const venue of VENUES) {
    const plan = buildSeatingPlan(venue.name, venue.categories, venue.layout());
    files.set(`${venue.slug}/venue.json`, pretty(venueFacts(venue, plan)));
    files.set(`${venue.slug}/plan.json`, rowPerLine(plan));
  }
  const events = VENUES.flatMap((venue) => venue.shows.map((show) => programmeEvent(venue, show)));
  events.sort((a, b) => a.startsAt.localeCompare(b.startsAt));
  files.set('programme.json', pretty({ events }));
  return files;
}

function venueFacts(venue: Venue, plan: SeatingPlan) {
  const { categories, layout: _, shows: __, ...facts } = venue;
  const seats = plan.zones.flatMap((zone) => zone.rows.flatMap((row) => row.seats));
  const flags = categories.flatMap(({ name }) => {
    const found = CATEGORY_FLAGS[name];
    return found ? [[name, found] as const] : [];
  });
  return {
    ...facts,
    seatCount: seats.length,
    plan: 'plan.json',
    categoryFlags: Object.fromEntries(flags),
  };
}

function programmeEvent(venue: Venue, show: Show) {
  const { timeZone, currency } = venue;
  const startsAt = instantOf(show.at, timeZone);
  const earlier = Date.parse(startsAt) - (show.doorsBefore ?? 45) * 60_000;
  const onSale = show.onSale ?? (show.at < '2027-07' ? '2026-09-04 10:00' : '2026-10-16 10:00');
  return {
    venue: venue.slug,
    name: show.name,
    artists: show.artists,
    category: show.category,
    description: show.description,
    tags: show.tags,
    startsAt,
    timeZone,
    onSaleAt: instantOf(onSale, timeZone),
    currency,
    prices: venue.categories.map(({ name, share }) => ({
      category: name,
      priceMinor: Math.round((show.topPriceMinor * share) / 100) * 100,
    })),
    ...(show.hot && { hot: true }),
    metadata: {
      doors: localTime(earlier, timeZone).slice(11),
      runningTimeMinutes: show.minutes,
      ...(show.ageLimit !== undefined && { ageLimit: show.ageLimit }),
      ...show.notes,
    },
  };
}

const pretty = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Compact, but with a line for each zone and row, so that a change of a plan can be read. */
function rowPerLine(plan: SeatingPlan): string {
  return `${JSON.stringify(plan).replace(/\{"(row_number|name)":"[^"]*","(row|zone)_/g, '\n$&')}\n`;
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, '../catalog');
  for (const [path, text] of catalogFiles()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    console.log(`${path}  ${text.length.toLocaleString('en')} characters`);
  }
}
