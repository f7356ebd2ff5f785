type Promised = {
  /** By seat id, how many parties were promised it. */
  seats: Map<string, number>;
  open: Set<Promise<void>>;
  /** Resolves when all that are open now are over. */
  over?: Promise<unknown> | undefined;
};
const NONE: ReadonlyMap<string, number> = new Map();

/**
 * Seats that parties of this process are just taking, by event, so that others are not given the
 * same. It only steers choices; the store decides who gets them.
 */
export function createPromisedSeats() {
  const events = new Map<string, Promised>();
  let revision = 0;

  return {
    /** Grows with each promise made and each that is over. */
    get revision(): number {
      return revision;
    },

    /** The promised seats of an event, by seat id. */
    of: (eventId: string): ReadonlyMap<string, number> => events.get(eventId)?.seats ?? NONE,

    /** Promises seats until the function that is answered is called. */
    promise(eventId: string, seatIds: readonly string[]): () => void {
      const promised: Promised = events.get(eventId) ?? { seats: new Map(), open: new Set() };
      events.set(eventId, promised);
      const { seats, open } = promised;
      for (const seatId of seatIds) seats.set(seatId, (seats.get(seatId) ?? 0) + 1);
      const { promise, resolve } = Promise.withResolvers<void>();
      open.add(promise);
      promised.over = undefined;
      revision += 1;
      return () => {
        for (const seatId of seatIds) {
          const others = (seats.get(seatId) ?? 0) - 1;
          if (others > 0) seats.set(seatId, others);
          else seats.delete(seatId);
        }
        open.delete(promise);
        if (open.size === 0) events.delete(eventId);
        revision += 1;
        resolve();
      };
    },

    /** Resolves when the promises of an event that stand now are over; undefined without any. */
    untilOver(eventId: string): Promise<unknown> | undefined {
      const promised = events.get(eventId);
      if (promised === undefined) return undefined;
      promised.over ??= Promise.all(promised.open);
      return promised.over;
    },
  };
}

export type PromisedSeats = ReturnType<typeof createPromisedSeats>;
