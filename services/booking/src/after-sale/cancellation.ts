import type { CancellationStep } from '@holdfast/shared/contracts/terms.ts';
import { chargeStepOf, shareOf } from '@holdfast/shared/money.ts';
import type { Booking } from '../booking.ts';
import { leftOf, type PricePart, pricePartsOf, type Share, sumOf } from './price-parts.ts';

/** What a cancellation keeps, and whether it repays fees. */
export type Rate = Omit<CancellationStep, 'untilHoursBeforeStart'>;
export const FREE: Rate = { keepBasisPoints: 0, keepPerTicketMinor: 0, repaysFees: true };
export const KEEPS_ALL: Rate = {
  keepBasisPoints: 10_000,
  keepPerTicketMinor: 0,
  repaysFees: false,
};

export type ChosenRate = {
  readonly rate: Rate;
  /** The instant from which on another rate applies, or none. */
  readonly until: Date | null;
  /** Free of charge whatever the terms say: the event was moved or will not take place. */
  readonly waived: boolean;
};

/** What a cancellation repays and keeps of one seat, or of the order (no seat). */
export type CancelledPart = {
  readonly seatId: string | null;
  readonly paidMinor: number;
  /** Repaid without a cancellation before. */
  readonly earlierMinor: number;
  readonly repaidMinor: number;
  readonly keptMinor: number;
};

export type Cancellation = {
  readonly seatIds: readonly string[];
  /** Whether no live ticket is left after it: the booking is cancelled then. */
  readonly isWhole: boolean;
  readonly parts: readonly CancelledPart[];
  readonly repaidMinor: number;
  readonly keptMinor: number;
  readonly shares: readonly Share[];
};

const HOUR_MS = 3_600_000;
const WHOLE = 10_000;

/** The rate at which a buyer may cancel at this instant; undefined when only an admin may. */
export function chooseRate(
  booking: Pick<Booking, 'terms' | 'startsAt' | 'freeCancelUntil'>,
  { now, waived }: { now: Date; waived: boolean },
): ChosenRate | undefined {
  if (waived) return { rate: FREE, until: null, waived };
  const { freeCancelUntil, startsAt, terms } = booking;
  if (freeCancelUntil !== null && now < freeCancelUntil) {
    return { rate: FREE, until: freeCancelUntil, waived: true };
  }
  for (const { untilHoursBeforeStart, ...rate } of terms.cancellation) {
    const until = new Date(startsAt.getTime() - untilHoursBeforeStart * HOUR_MS);
    if (now < until) return { rate, until, waived };
  }
  return undefined;
}

/**
 * What cancelling live seats of a booking repays at a rate. The kept part of a face value and so much a
 * ticket, together at most what was paid; fees as the rate says; a tax follows what it is the tax of,
 * rounded down. What was repaid before is not repaid again. What the order as a whole cost
 * goes with the last seat.
 */
export function cancellationOf(
  booking: Pick<Booking, 'lines' | 'seats' | 'currency'>,
  earlier: readonly Share[],
  { seatIds, rate }: { seatIds: readonly string[]; rate: Rate },
): Cancellation {
  const live = booking.seats.filter(({ ticketStatus }) => ticketStatus === 'live');
  const isWhole = live.every(({ seatId }) => seatIds.includes(seatId));
  const concerned = pricePartsOf(booking, earlier).filter(({ seatId }) =>
    seatId === null ? isWhole : seatIds.includes(seatId),
  );
  const shares = concerned.flatMap((part): Share[] => {
    const due = dueOf(part, booking, rate) - part.repaidMinor;
    return due > 0 ? [{ seatId: part.seatId, kind: part.kind, amountMinor: due }] : [];
  });
  const left = sumOf(leftOf(concerned));
  const repaidMinor = sumOf(shares);
  return {
    seatIds,
    isWhole,
    parts: partsBySeat(concerned, shares, seatIds),
    repaidMinor,
    keptMinor: left - repaidMinor,
    shares,
  };
}

/** How much of a part may come back in all. */
function dueOf(part: PricePart, booking: Pick<Booking, 'lines' | 'currency'>, rate: Rate): number {
  if (part.kind === 'face_value') return repaidFace(part.paidMinor, booking.currency, rate);
  if (part.kind === 'fee') return rate.repaysFees ? part.paidMinor : 0;
  return booking.lines
    .filter((line) => line.kind === 'tax' && !line.included && line.seatId === part.seatId)
    .reduce((sum, tax) => {
      if (tax.of === 'fee') return sum + (rate.repaysFees ? tax.amountMinor : 0);
      const face = booking.lines.find(
        (line) => line.kind === 'face_value' && line.seatId === part.seatId,
      );
      if (face === undefined || face.amountMinor === 0) return sum;
      const repaid = repaidFace(face.amountMinor, booking.currency, rate);
      const exact = (BigInt(tax.amountMinor) * BigInt(repaid)) / BigInt(face.amountMinor);
      return sum + Number(exact - (exact % BigInt(chargeStepOf(booking.currency))));
    }, 0);
}

function repaidFace(faceMinor: number, currency: string, rate: Rate): number {
  const step = chargeStepOf(currency);
  const kept =
    shareOf(faceMinor, rate.keepBasisPoints, WHOLE, step) +
    shareOf(rate.keepPerTicketMinor, 1, 1, step);
  return Math.max(0, faceMinor - kept);
}

function partsBySeat(
  concerned: readonly PricePart[],
  shares: readonly Share[],
  seatIds: readonly string[],
): CancelledPart[] {
  const ofOrder = concerned.some(({ seatId }) => seatId === null) ? [null] : [];
  return [...seatIds, ...ofOrder].map((seatId) => {
    const parts = concerned.filter((part) => part.seatId === seatId);
    const repaidMinor = sumOf(shares.filter((share) => share.seatId === seatId));
    const paidMinor = parts.reduce((sum, part) => sum + part.paidMinor, 0);
    const earlierMinor = parts.reduce((sum, part) => sum + part.repaidMinor, 0);
    const keptMinor = paidMinor - earlierMinor - repaidMinor;
    return { seatId, paidMinor, earlierMinor, repaidMinor, keptMinor };
  });
}
