import { startStack } from '../src/stack.ts';
import { withoutGivenStores } from './own-stack.ts';

// A parent to be killed: `node hold-stack.ts FOLDER` runs a stack until then.
const [, , dataDir = ''] = process.argv;
const stack = await startStack({ dataDir, env: withoutGivenStores() });
process.stdout.write(`${JSON.stringify(stack.env)}\n`);
setInterval(() => {}, 60_000);
