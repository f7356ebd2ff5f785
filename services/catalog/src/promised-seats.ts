type Promised = { seats: Map<string, number>; settled: PromiseWithResolvers<void> };
const NONE: ReadonlyMap<string, number> = new Map();

/**
 * Seats that parties of this process are just taking, by event, so that others are not given the
 * same. It only steers choices; the store decides who gets them.
 */
export function createPromisedSeats() {
  const events = new Map<string, Promised>();

  return {
    /** The promised seats of an event, by seat id. */
    of: (eventId: string): ReadonlyMap<string, number> => events.get(eventId)?.seats ?? NONE,

    /** Promises seats until the function that is answered is called. */
    promise(eventId: string, seatIds: readonly string[]): () => void {
      const promised = events.get(eventId) ?? {
        seats: new Map<string, number>(),
        settled: Promise.withResolvers<void>(),
      };
      events.set(eventId, promised);
      const { seats } = promised;
      for (const seatId of seatIds) seats.set(seatId, (seats.get(seatId) ?? 0) + 1);
      return () => {
        for (const seatId of seatIds) {
          const others = (seats.get(seatId) ?? 0) - 1;
          if (others > 0) seats.set(seatId, others);
          else seats.delete(seatId);
        }
        promised.settled.resolve();
        promised.settled = Promise.withResolvers();
        if (seats.size === 0) events.delete(eventId);
      };
    },

    /** Resolves when the next promise of an event is over; undefined where there is none. */
    nextSettled: (eventId: string): Promise<void> | undefined =>
      events.get(eventId)?.settled.promise,
  };
}

export type PromisedSeats = ReturnType<typeof createPromisedSeats>;
