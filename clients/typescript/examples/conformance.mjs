// The program that the conformance kit tests: npx parley conformance --run "node conformance.mjs"
import { setInterval } from 'node:timers/promises';
import { ParleyClient } from 'parley-client';

const client = new ParleyClient({ url: process.env.PARLEY_URL, token: process.env.PARLEY_TOKEN });
client.onAction('wave', ({ times }) => ({ times }));
client.onAction('fail', () => {
  throw new Error('the arm is stuck');
});
client.onAction('slow', async (_args, { signal, progress, mayMove }) => {
  for await (const _ of setInterval(200, undefined, { signal })) {
    await mayMove();
    progress();
  }
});

await client.connect();
// Its microphone hears silence.
while (client.link !== 'offline') await client.speak(new Int16Array(0), { silenceMs: 1_000 });
