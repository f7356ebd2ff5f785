import { MongoBinary } from 'mongodb-memory-server-core';

// A program of its own: `node mongodb-download.ts FOLDER VERSION` leaves `mongod` in FOLDER.
const [, , downloadDir = '', version = ''] = process.argv;
await MongoBinary.getPath({ downloadDir, version });
