// A server with scripted engines and an action that never ends, to be ended in the middle of a conversation and started
// again. Its arguments are the data directory and the port, 0 for any. It prints its address.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { realClock } from '../../adapters/real-clock.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { UNHURRIED } from '../support/unhurried.ts';

const [dataDir = '', port = '0', awayMs = '30000'] = process.argv.slice(2);
const config = loadConfig({
  env: UNHURRIED,
  flags: {
    ...{ port: Number(port), dataDir, 'log.level': 'error' },
    ...{ 'limits.away-ms': Number(awayMs), 'limits.drain-grace-ms': 50 },
  },
});
const server = await serve({
  config: { ...config, actions: { ...config.actions, allow: ['drive'] } },
  log: makeLogger('error'),
  parts: {
    engines: {
      stt: scriptedStt(realClock, [{ text: 'hello', finalMs: 1 }]),
      llm: scriptedLlm(realClock, ({ messages }) => {
        const words = messages.at(-1)?.content ?? '';
        if (words === 'drive')
          return {
            text: 'I drive. It takes me quite a while.',
            actions: [{ type: 'action', id: 'd1', name: 'drive', args: {} }],
          };
        if (words === 'what did I say?')
          return { text: messages.map(({ role, content }) => `${role}: ${content}`).join(' | ') };
        return {
          text: 'Once upon a time there was a robot. It knew long stories. No listener ever heard the end of them.',
        };
      }),
      tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 50 })),
    },
    vad: levelVad(),
    actions: {
      run: ({ id }, signal) => {
        appendFileSync(join(dataDir, 'ran.txt'), `${id}\n`);
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    },
  },
});
process.once('SIGTERM', async () => {
  await server.drain();
  await server.close();
  process.exit(0);
});
console.log(`listens on ${server.url}`);
