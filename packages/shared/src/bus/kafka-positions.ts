/** The offset of the next record to be given, as Kafka keeps it for a group. */
export type Position = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
};

type Place = { readonly topic: string; readonly partition: number };
type Progress = Place & {
  /** Begun and not done, in the order of offsets. */
  readonly open: Set<string>;
  /** Behind the last record that was begun. */
  next: bigint;
  /** The offset that was committed last. */
  committed: string;
  readonly waiting: (() => void)[];
};

/**
 * How far a member has come in each of its partitions, during one generation of the group; `enough`
 * records of one may be open before somebody waits.
 */
export function createPositions(enough: number) {
  const partitions = new Map<string, Progress>();

  function progressOf({ topic, partition }: Place): Progress {
    const name = `${topic}/${partition}`;
    const known = partitions.get(name);
    if (known) return known;
    const added = {
      topic,
      partition,
      open: new Set<string>(),
      next: 0n,
      committed: '',
      waiting: [],
    };
    partitions.set(name, added);
    return added;
  }

  return {
    /** False for a record that was begun before: kafkajs may fetch again what it has given. */
    begin(place: Place, offset: string): boolean {
      const progress = progressOf(place);
      if (BigInt(offset) < progress.next) return false;
      progress.open.add(offset);
      progress.next = BigInt(offset) + 1n;
      return true;
    },
    end(place: Place, offset: string): void {
      const { open, waiting } = progressOf(place);
      open.delete(offset);
      if (open.size < enough) letGo(waiting);
    },
    openOf: (place: Place): number => progressOf(place).open.size,
    /** Resolves when fewer than enough are begun and not done. */
    whenEased(place: Place): Promise<void> {
      const { waiting } = progressOf(place);
      return new Promise((resolve) => waiting.push(resolve));
    },
    /** Lets those who wait go: what is open here is not done here any more. */
    abandon(): void {
      for (const { waiting } of partitions.values()) letGo(waiting);
    },
    /** The partitions that have come further than was committed. */
    moved(): Position[] {
      return [...partitions.values()].flatMap(({ topic, partition, open, next, committed }) => {
        const [first] = open;
        const offset = first ?? `${next}`;
        return offset === committed ? [] : [{ topic, partition, offset }];
      });
    },
    committed(positions: readonly Position[]): void {
      for (const position of positions) progressOf(position).committed = position.offset;
    },
  };
}

function letGo(waiting: (() => void)[]): void {
  for (const resolve of waiting.splice(0)) resolve();
}
