import { expect } from 'chai';
import fc from 'fast-check';
import { encode, readClientFrame, webSocketText } from './frames.ts';

const eventId = '0198c9d4-0000-7000-8000-000000000001';
const since = '0198c9d4-aaaa-7000-8000-000000000002~1803668400000-0';

describe('frames', () => {
  it('are read as clients write them, unknown members left out', () => {
    const frames = [
      { type: 'PING' },
      { type: 'SUBSCRIBE_USER' },
      { type: 'SUBSCRIBE_EVENT', eventId },
      { type: 'SUBSCRIBE_EVENT', eventId, since },
      { type: 'UNSUBSCRIBE_EVENT', eventId },
    ];
    const read = frames.map((frame) => readClientFrame(JSON.stringify({ ...frame, extra: 1 })));
    expect(read).to.deep.equal(frames);
  });

  it('name an event in either case', () => {
    const upper = JSON.stringify({ type: 'SUBSCRIBE_EVENT', eventId: eventId.toUpperCase() });
    expect(readClientFrame(upper)).to.deep.equal({ type: 'SUBSCRIBE_EVENT', eventId });
  });

  it('are refused when they are anything else, whatever it is', () => {
    const wrong = ['', '{', 'null', '[]', '{}', '{"type":7}', '{"type":"SUBSCRIBE_EVENT"}'];
    for (const text of [...wrong, `{"type":"SUBSCRIBE_EVENT","eventId":"${eventId}","since":1}`]) {
      expect(readClientFrame(text), text).to.include({ kind: 'refused' });
    }
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(readClientFrame(text)).to.include({ kind: 'refused' });
      }),
    );
  });

  it('become messages whose header tells their length, at each form of it', () => {
    for (const length of [1, 125, 126, 65_535, 65_536, 200_000]) {
      const bytes = webSocketText([Buffer.from('x'.repeat(length))]);
      expect(bytes[0]).to.equal(0x81);
      const short = bytes[1] ?? 0;
      const told =
        short < 126
          ? short
          : short === 126
            ? bytes.readUInt16BE(2)
            : Number(bytes.readBigUInt64BE(2));
      const header = short < 126 ? 2 : short === 126 ? 4 : 10;
      expect([told, bytes.length - header]).to.deep.equal([length, length]);
    }
    const two = webSocketText([Buffer.from('{"a":1}'), Buffer.from('{"b":2}')]);
    expect(two.subarray(2).toString()).to.equal('{"a":1}\n{"b":2}');
  });

  it('become server-sent events, with an id where one may resume from them', () => {
    const frame = { type: 'SUBSCRIBED', eventId, id: since } as const;
    expect(encode(frame).forStream().toString()).to.equal(
      `id: ${since}\ndata: ${JSON.stringify(frame)}\n\n`,
    );
    expect(encode({ type: 'PONG' }).forStream().toString()).to.equal('data: {"type":"PONG"}\n\n');
  });
});
