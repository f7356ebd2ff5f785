/** A curve is kept at so many equal shares of the seats: at 5 %, 10 % ... 100 %. */
export const STEPS = 20;

/** How an event sold. */
export type SalesCurve = {
  /**
   * Hours from the opening of the sale until k / STEPS of the seats were sold, for k = 0, 1 ... as
   * far as it came. Begins with 0 and never falls.
   */
  readonly hours: readonly number[];
  /** Share of the seats that is sold, 0 to 1. */
  readonly share: number;
  /** Hours from the opening of the sale until now, or until the event began or was sold out. */
  readonly elapsedHours: number;
  /** Hours from then until the event begins. */
  readonly hoursLeft: number;
};

export function isSoldOut({ share }: SalesCurve): boolean {
  return share >= 1;
}

/** Hours after the opening at which this share of the seats was sold; undefined if it never was. */
export function hoursAtShare(curve: SalesCurve, share: number): number | undefined {
  if (share > curve.share) return undefined;
  const at = share * STEPS;
  const below = Math.floor(at);
  const [from, to] = [curve.hours[below], curve.hours[below + 1]];
  if (from === undefined) return curve.elapsedHours;
  if (at === below) return from;
  // Between the last step and what is sold the way goes straight to the end of the curve.
  if (to !== undefined) return from + (to - from) * (at - below);
  const rest = curve.share * STEPS - below;
  return from + (curve.elapsedHours - from) * ((at - below) / rest);
}

/** Share of the seats sold so many hours after the opening. */
export function shareAtHours(curve: SalesCurve, hours: number): number {
  if (hours >= curve.elapsedHours) return curve.share;
  const next = curve.hours.findIndex((at) => at > hours);
  if (next === 0) return 0;
  const below = (next === -1 ? curve.hours.length : next) - 1;
  const from = curve.hours[below] ?? 0;
  const to = next === -1 ? curve.elapsedHours : (curve.hours[next] ?? from);
  const upper = next === -1 ? curve.share : next / STEPS;
  const lower = below / STEPS;
  return to === from ? upper : lower + ((upper - lower) * (hours - from)) / (to - from);
}

/** The curve as it stood when this share, which it reached, had just been sold. */
export function cutAtShare(curve: SalesCurve, share: number): SalesCurve {
  const elapsedHours = hoursAtShare(curve, share) ?? curve.elapsedHours;
  return {
    hours: curve.hours.slice(0, Math.floor(share * STEPS) + 1),
    share,
    elapsedHours,
    hoursLeft: curve.elapsedHours + curve.hoursLeft - elapsedHours,
  };
}
