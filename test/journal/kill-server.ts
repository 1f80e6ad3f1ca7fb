// A server with immediate engines, to be killed. Its argument is the data directory; it prints its address, and a line
// for each turn acknowledged by the store.
import { realClock } from '../../adapters/real-clock.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';

const [dataDir = ''] = process.argv.slice(2);
const store = sqliteStore({ path: `${dataDir}/parley.db` });
const server = await serve({
  config: loadConfig({
    flags: {
      ...{ port: 0, dataDir, 'log.level': 'error' },
      // Clients type the next turn as soon as one ends, which is faster than people may, and never again after a refusal.
      ...{
        'limits.loop-delay-ms': 60_000,
        'limits.turns-per-second': 10_000,
        'limits.turn-burst': 10_000,
        'limits.waiting-requests': 10_000,
        'limits.new-sessions': 10_000,
      },
    },
  }),
  log: makeLogger('error'),
  parts: {
    engines: {
      stt: scriptedStt(realClock, [{ text: 'hello', finalMs: 1 }]),
      llm: scriptedLlm(realClock, () => ({ text: 'Yes, of course. And more.', firstTokenMs: 1, tokenMs: 1 })),
      tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 4 })),
    },
    vad: levelVad(),
    journals: store,
    store: {
      ...store,
      saveTurn: async (turn) => {
        await store.saveTurn(turn);
        console.log(`acknowledged ${turn.session} ${turn.turn}`);
      },
    },
  },
});
console.log(`listens on ${server.url}`);
