import { expect } from 'chai';
import fc from 'fast-check';
import { measureAccuracy } from './accuracy.ts';
import { cutAtShare, hoursAtShare, type SalesCurve, STEPS, shareAtHours } from './sales-curve.ts';
import { forecastSellout, naiveSelloutHours } from './sellout.ts';

/** Numbers from 0 to 1 that a seed fixes (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A curve through the times of each share; the sale lasts `window` hours at most. */
function curveOf(timeOf: (share: number) => number, window: number): SalesCurve {
  const hours = [0];
  for (let step = 1; step <= STEPS; step += 1) {
    const at = Math.max(timeOf(step / STEPS), hours.at(-1) ?? 0);
    if (at > window) break;
    hours.push(at);
  }
  const share = (hours.length - 1) / STEPS;
  const elapsedHours = share === 1 ? (hours.at(-1) ?? 0) : window;
  return { hours, share, elapsedHours, hoursLeft: window - elapsedHours };
}

type Family = (random: () => number) => SalesCurve;
const noisy = (random: () => number) => 1 + 0.06 * (random() - 0.5);

/** Slow, then fast, then slow: a logistic curve whose middle and steepness differ by the event. */
const sShaped: Family = (random) => {
  const window = 24 * (20 + 100 * random());
  const [middle, width] = [window * (0.3 + 0.25 * random()), window * (0.04 + 0.06 * random())];
  const logit = (share: number) => Math.log((share + 0.004) / (1.004 - share));
  return curveOf((share) => (middle + width * logit(share)) * noisy(random), window);
};

/** Sold out within minutes or hours of the opening, ever more slowly, far ahead of the event. */
const rush: Family = (random) => {
  const scale = 0.05 * 40 ** random();
  return curveOf((share) => scale * -Math.log(1.02 - share) * noisy(random), 24 * 60);
};

/** At one rate all the way: what the naive forecast takes every event for. */
const steady: Family = (random) => {
  const [window, length] = [24 * 90, 24 * (20 + 60 * random())];
  return curveOf((share) => share * length * noisy(random), window);
};

const made = (family: Family, count: number, seed: number) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => family(random));
};

/** To the second: nobody sells in less, and a fraction of the least double is no hour. */
const hoursUpTo = (most: number) => fc.nat(most * 3_600).map((seconds) => seconds / 3_600);

const curves = fc
  .record({
    gaps: fc.array(hoursUpTo(500), { maxLength: STEPS }),
    left: hoursUpTo(5_000),
    more: fc.nat(99).map((parts) => parts / 100),
    wait: hoursUpTo(500),
  })
  .map(({ gaps, left, more, wait }): SalesCurve => {
    const hours = [0];
    for (const gap of gaps) hours.push((hours.at(-1) ?? 0) + gap);
    const soldOut = gaps.length === STEPS;
    return {
      hours,
      share: soldOut ? 1 : (gaps.length + more) / STEPS,
      elapsedHours: (hours.at(-1) ?? 0) + (soldOut ? 0 : wait),
      hoursLeft: left,
    };
  });

describe('a sales curve', () => {
  it('rises with time, and time rises with the share', () => {
    fc.assert(
      fc.property(curves, fc.double({ min: 0, max: 1, noNaN: true }), (curve, part) => {
        const share = part * curve.share;
        const at = hoursAtShare(curve, share) ?? Number.NaN;
        expect(at).to.be.within(0, curve.elapsedHours);
        expect(hoursAtShare(curve, share / 2)).to.be.at.most(at + 1e-9);
        expect(shareAtHours(curve, at)).to.be.within(0, curve.share);
        expect(shareAtHours(curve, at)).to.be.at.least(share - 1e-6);
        expect(shareAtHours(curve, at / 2)).to.be.at.most(shareAtHours(curve, at) + 1e-9);
      }),
    );
  });

  it('has no time for a share that it did not reach', () => {
    const [curve] = made(sShaped, 1, 1);
    expect(hoursAtShare(cutAtShare(curve as SalesCurve, 0.5), 0.51)).to.equal(undefined);
  });

  it('begins at the same hour however far it is cut', () => {
    fc.assert(
      fc.property(curves, fc.double({ min: 0.01, max: 1, noNaN: true }), (curve, part) => {
        const cut = cutAtShare(curve, part * curve.share);
        expect(cut.elapsedHours + cut.hoursLeft).to.be.closeTo(
          curve.elapsedHours + curve.hoursLeft,
          1e-6,
        );
      }),
    );
  });
});

describe('a forecast of when an event is sold out', () => {
  it('keeps its bounds in order and within the time to the event, whatever the curves', () => {
    fc.assert(
      fc.property(curves, fc.array(curves, { minLength: 3, maxLength: 30 }), (open, finished) => {
        const forecast = forecastSellout(open, finished);
        if (forecast === undefined) return;
        const { hours, earliestHours, latestHours, chance, shareAtStart } = forecast;
        const never = Number.POSITIVE_INFINITY;
        expect(earliestHours ?? never).to.be.at.most(hours ?? never);
        expect(hours ?? never).to.be.at.most(latestHours ?? never);
        for (const one of [hours, earliestHours, latestHours]) {
          if (one !== null) expect(one).to.be.within(0, open.hoursLeft);
        }
        expect(chance).to.be.within(0, 1 + 1e-9);
        expect(shareAtStart).to.be.within(open.share, 1);
      }),
    );
  });

  it('is not given from fewer than three events that came as far, nor without a sale', () => {
    const [one, two, three] = made(steady, 3, 2) as [SalesCurve, SalesCurve, SalesCurve];
    const open = cutAtShare(one, 0.5);
    expect(forecastSellout(open, [two, three])).to.equal(undefined);
    expect(forecastSellout(open, [two, three, cutAtShare(one, 0.4)])).to.equal(undefined);
    expect(forecastSellout(open, [one, two, three])?.similarEvents).to.equal(3);
    expect(forecastSellout({ ...open, share: 0, hours: [0] }, [one, two, three])).to.equal(
      undefined,
    );
  });

  it('finds an event that sells like finished ones at another speed, to the hour', () => {
    const shape = (length: number) => curveOf((share) => length * share ** 0.4, 5_000);
    const finished = [100, 300, 700, 900].map(shape);
    const open = cutAtShare(shape(500), 0.5);
    const truth = 500 - open.elapsedHours;
    const forecast = forecastSellout(open, finished);
    expect(forecast?.hours).to.be.closeTo(truth, truth * 0.01);
    expect(forecast?.chance).to.equal(1);
    expect(naiveSelloutHours(open)).not.to.be.closeTo(truth, truth * 0.2);
  });

  it('is not given from events that sold in another way', () => {
    const burst = (length: number) => curveOf((share) => length * share ** 8, 5_000);
    const late = cutAtShare(
      curveOf((share) => 500 * share ** 0.1, 5_000),
      0.75,
    );
    expect(forecastSellout(late, [100, 300, 700].map(burst))).to.equal(undefined);
  });

  it('says "not before it begins" where events like it were never sold out', () => {
    const slow = (end: number) => curveOf((share) => (share > end ? 9e9 : share * 1_000), 2_000);
    const forecast = forecastSellout(cutAtShare(slow(0.8), 0.5), [0.7, 0.75, 0.8].map(slow));
    expect([forecast?.hours, forecast?.chance]).to.deep.equal([null, 0]);
    expect(forecast?.shareAtStart).to.be.within(0.7, 0.8);
  });

  for (const [name, family, atMost] of [
    ['S-shaped', sShaped, 0.5],
    ['rushed', rush, 0.5],
    // Here the naive forecast is right by nature: the other must not lose more than this.
    ['steady', steady, 1.3],
  ] as const) {
    it(`errs at most ${atMost} times as much as the naive one on held-out ${name} sales`, () => {
      for (const seed of [11, 12, 13, 14, 15]) {
        const accuracy = measureAccuracy(made(family, 40, seed));
        expect(accuracy?.events).to.be.at.least(38);
        const ratio = (accuracy?.errorLogRatio ?? 9) / (accuracy?.naiveErrorLogRatio ?? 1);
        expect(ratio, `seed ${seed}`).to.be.at.most(atMost);
      }
    });
  }

  it('errs less than the naive one where sales of all kinds are mixed', () => {
    const mixed = [...made(sShaped, 15, 21), ...made(rush, 15, 22), ...made(steady, 10, 23)];
    const accuracy = measureAccuracy(mixed);
    expect(accuracy?.errorLogRatio).to.be.below((accuracy?.naiveErrorLogRatio ?? 0) * 0.8);
    expect(accuracy?.errorHours).to.be.below((accuracy?.naiveErrorHours ?? 0) * 0.8);
  });
});
