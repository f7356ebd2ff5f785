import { expect } from 'chai';
import { MongoClient } from 'mongodb';
import { createCommandReader, startWireCounter } from '../src/wire-counter.ts';
import { given } from './given.ts';

describe('counting store operations on the wire', () => {
  it('counts each command by its name once, and not what the driver says for itself', async () => {
    const counter = await startWireCounter(given('MONGODB_URL'));
    const client = new MongoClient(counter.url);
    try {
      const counted = client.db(`bench_wire_${process.pid}`).collection('counted');
      await counted.insertOne({ n: 1 });
      await Promise.all([1, 2, 3].map((n) => counted.updateOne({ n }, { $set: { seen: true } })));
      expect(await counted.find().toArray()).to.have.length(1);
      await client.db(`bench_wire_${process.pid}`).dropDatabase();
      expect(counter.counts()).to.deep.equal({ insert: 1, update: 3, find: 1, dropDatabase: 1 });
    } finally {
      await client.close();
      await counter.stop();
    }
  });

  it('reads commands wherever the stream was cut', () => {
    const commands = ['find', 'update'].map(message);
    const stream = Buffer.concat(commands);
    for (let cut = 1; cut < stream.length; cut += 1) {
      const names: string[] = [];
      const read = createCommandReader((name) => names.push(name));
      read(stream.subarray(0, cut));
      read(stream.subarray(cut));
      expect(names, `cut at ${cut}`).to.deep.equal(['find', 'update']);
    }
  });
});

/** An OP_MSG with one section: a document whose first member is named like the command. */
function message(name: string): Buffer {
  const body = Buffer.concat([
    Buffer.from([2]),
    Buffer.from(`${name}\0`),
    Buffer.from([2, 0, 0, 0, 97, 0]),
    Buffer.from([0]),
  ]);
  const head = Buffer.alloc(25);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(2013, 12);
  head.writeInt32LE(4 + body.length, 21);
  return Buffer.concat([head, body]);
}
