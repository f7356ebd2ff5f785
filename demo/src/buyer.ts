import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, expectSuccess } from './api.ts';
import { createLatency, type Latency } from './latency.ts';
import { type Random, seededRandom } from './random.ts';

/** How a buyer behaves; every kind is among the 500 of the demo. */
export type Habit = 'buys' | 'repeats' | 'declined' | 'releases' | 'abandons';

/** What the buyers of a sale share. */
export type Sale = {
  api: Api;
  eventId: string;
  random: Random;
  holdMs: Latency;
  confirmedMs: Latency;
  counts: { attempts: number; repeats: number };
  /** How often each refusal was answered, by its code. */
  refusals: Map<string, number>;
  /** Ids of the bookings that were answered as confirmed. */
  confirmed: string[];
  /** Seats that buyers saw free at their last look, shared to spare the seat list. */
  look: () => Promise<string[]>;
};

type Hold = { hold: { holdId: string; offer: string } };
type Booking = { booking: { bookingId: string; status: string } };

const GOOD_CARD = 'pm_card_visa';
const BAD_CARDS = [
  'pm_card_chargeDeclined',
  'pm_card_chargeDeclinedInsufficientFunds',
  'pm_card_chargeDeclinedProcessingError',
];
const HOLD_TRIES = 25;
const ABANDONED_SECONDS = 30;

const LOOK_EVERY_MS = 150;

/** A sale whose buyers share what they see of the free seats, looking again every 150 ms at most. */
export function createSale(api: Api, eventId: string, seed: number): Sale {
  let seen: Promise<string[]> | undefined;
  return {
    api,
    eventId,
    random: seededRandom(seed),
    holdMs: createLatency(),
    confirmedMs: createLatency(),
    counts: { attempts: 0, repeats: 0 },
    refusals: new Map(),
    confirmed: [],
    look() {
      seen ??= readFreeSeats(api, eventId).finally(() => {
        setTimeout(() => {
          seen = undefined;
        }, LOOK_EVERY_MS).unref();
      });
      return seen;
    },
  };
}

async function readFreeSeats(api: Api, eventId: string): Promise<string[]> {
  type Seats = { seats: { seatId: string }[] };
  const answer = await api.get<Seats>(`/api/events/${eventId}/seats?status=available`);
  return expectSuccess('The seat list', answer).seats.map((seat) => seat.seatId);
}

/** One person who wants 1 to 4 seats of the event, from looking to the outcome. */
export async function buy(sale: Sale, token: string, habit: Habit): Promise<void> {
  const { api, random } = sale;
  const hold = await grabSeats(sale, token, habit);
  if (hold === undefined || habit === 'abandons') return;
  if (habit === 'releases') {
    await sleep(random.between(50, 400));
    await api.delete(`/api/holds/${hold.holdId}`, token);
    return;
  }
  if (habit === 'declined') {
    const card = BAD_CARDS[random.between(0, BAD_CARDS.length - 1)] ?? GOOD_CARD;
    await pay(sale, token, hold, card);
    if (random.next() < 0.5) {
      await api.delete(`/api/holds/${hold.holdId}`, token);
      return;
    }
  }
  await pay(sale, token, hold, GOOD_CARD, habit === 'repeats');
}

type Grabbed = { holdId: string; offer: string; startedAt: number };

/** Looks, picks neighbours and holds them; looks again when others were faster. */
async function grabSeats(sale: Sale, token: string, habit: Habit): Promise<Grabbed | undefined> {
  const { api, random, counts } = sale;
  const wanted = random.between(1, 4);
  for (let attempt = 1; attempt <= HOLD_TRIES; attempt += 1) {
    const free = await sale.look();
    if (free.length === 0) return undefined;
    const first = random.between(0, Math.max(0, free.length - wanted));
    const seatIds = free.slice(first, first + wanted);
    const key = randomUUID();
    const body = { seatIds, ...(habit === 'abandons' && { durationSeconds: ABANDONED_SECONDS }) };
    const path = `/api/events/${sale.eventId}/holds`;
    const startedAt = performance.now();
    counts.attempts += 1;
    const answer = await api.post<Hold>(path, body, { token, key });
    sale.holdMs.add(performance.now() - startedAt);
    if (answer.status === 201 || answer.status === 200) {
      if (habit === 'repeats') {
        counts.repeats += 1;
        const again = await api.post<Hold>(path, body, { token, key });
        if (again.body.hold.holdId !== answer.body.hold.holdId) {
          throw new Error('A repeated hold request made a second hold');
        }
      }
      const { hold } = answer.body;
      return { holdId: hold.holdId, offer: hold.offer, startedAt };
    }
    countRefusal(sale, answer.problem.code);
    if (answer.status >= 500)
      throw new Error(`A hold was answered ${answer.status}: ${answer.problem.detail}`);
  }
  return undefined;
}

/** Books the hold with a card and waits for the outcome; `twice` sends the request two times at once. */
async function pay(
  sale: Sale,
  token: string,
  hold: Grabbed,
  card: string,
  twice = false,
): Promise<void> {
  const { api, counts } = sale;
  const key = randomUUID();
  const send = () =>
    api.post<Booking>('/api/bookings', { offer: hold.offer, paymentMethod: card }, { token, key });
  const answers = twice ? await Promise.all([send(), send()]) : [await send()];
  if (twice) counts.repeats += 1;
  const placed = answers.find((answer) => answer.status === 202 || answer.status === 200);
  if (placed === undefined) {
    const [answer] = answers;
    countRefusal(sale, answer?.problem.code ?? 'none');
    if ((answer?.status ?? 500) >= 500)
      throw new Error(`A booking was answered ${answer?.status}: ${answer?.problem.detail}`);
    return;
  }
  const { bookingId } = placed.body.booking;
  for (let polls = 0; polls < 20; polls += 1) {
    const answer = await api.get<Booking>(`/api/bookings/${bookingId}?wait=10`, token);
    const { status } = expectSuccess('A booking', answer).booking;
    if (status === 'confirmed') {
      sale.confirmed.push(bookingId);
      sale.confirmedMs.add(performance.now() - hold.startedAt);
    }
    if (['confirmed', 'failed', 'cancelled'].includes(status)) return;
  }
  throw new Error(`Booking ${bookingId} had no outcome in 200 s`);
}

function countRefusal({ refusals }: Sale, code: string): void {
  refusals.set(code, (refusals.get(code) ?? 0) + 1);
}
