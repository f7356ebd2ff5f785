import { readSeatMap, SEAT_MAP_ID_HEADER } from '@holdfast/shared/contracts/seat-map.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';

type Frame = { type: string; id?: string; map?: string; changes?: [number, number][] } & Record<
  string,
  unknown
>;

/** A seat map kept as docs/live.md tells clients to, and every frame that came. */
export type LiveMap = {
  readonly frames: readonly Frame[];
  /** The codes of all seats in the plan's order. */
  codes(): string;
  /** Frames of a type, once there are so many. */
  seen(type: string, count?: number): Promise<readonly Frame[]>;
  close(): Promise<void>;
};

/** Follows an event, and with a login one's own changes too. */
export async function followEvent(
  gateway: string,
  eventId: string,
  token?: string,
): Promise<LiveMap> {
  const frames: Frame[] = [];
  let codes: number[] = [];
  /** What came since a snapshot was asked for. */
  let late: Frame[] | undefined = [];

  async function takeSnapshot(): Promise<string> {
    late = [];
    const response = await fetch(`${gateway}/api/events/${eventId}/seat-map`);
    const map = readSeatMap(new Uint8Array(await response.arrayBuffer()));
    if (map === undefined) throw new Error(`The seat map was answered ${response.status}`);
    codes = [...map.codes];
    for (const frame of late) apply(frame);
    late = undefined;
    return response.headers.get(SEAT_MAP_ID_HEADER) ?? '';
  }

  function apply({ changes = [] }: Frame): void {
    for (const [order, code] of changes) codes[order] = code;
  }

  function take(frame: Frame): void {
    frames.push(frame);
    if (frame.type === 'SEAT_CHANGES') late ? late.push(frame) : apply(frame);
    if (frame.type === 'SNAPSHOT') {
      codes = [...(readSeatMap(Buffer.from(frame.map ?? '', 'base64'))?.codes ?? [])];
    }
    if (frame.type === 'SNAPSHOT_NEEDED') {
      takeSnapshot().catch(() => socket.close());
    }
  }

  const since = await takeSnapshot();
  const query = token === undefined ? '' : `?ticket=${await ticketOf(gateway, token)}`;
  const socket = new WebSocket(`${gateway.replace('http', 'ws')}/api/live${query}`);
  socket.addEventListener('message', ({ data }) => {
    for (const line of String(data).split('\n')) take(JSON.parse(line) as Frame);
  });
  const closed = new Promise<void>((resolve) => {
    socket.addEventListener('close', () => resolve());
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error('The socket was refused')));
  });
  socket.send(JSON.stringify({ type: 'SUBSCRIBE_EVENT', eventId, since }));
  if (token !== undefined) socket.send(JSON.stringify({ type: 'SUBSCRIBE_USER' }));
  const ofType = (type: string) => frames.filter((frame) => frame.type === type);
  return {
    frames,
    codes: () => codes.join(''),
    seen: (type, count = 1) =>
      waitUntil(`${count} ${type}`, () => ofType(type).length >= count && ofType(type)),
    async close() {
      socket.close();
      await closed;
    },
  };
}

async function ticketOf(gateway: string, token: string): Promise<string> {
  const response = await fetch(`${gateway}/api/live/tickets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  return ((await response.json()) as { ticket: string }).ticket;
}
