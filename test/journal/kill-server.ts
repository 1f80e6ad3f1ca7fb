// A server with immediate engines, to be killed. Its arguments are the data directory and, if it has one, the address of
// its NATS server, on which others work the roles. It prints its address, and a line for each turn acknowledged by the
// store: session, turn, generation.
import { realClock } from '../../adapters/real-clock.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { UNHURRIED } from '../support/unhurried.ts';

const [dataDir = '', natsUrl] = process.argv.slice(2);
const store = sqliteStore({ path: `${dataDir}/parley.db` });
const server = await serve({
  config: loadConfig({
    env: UNHURRIED,
    flags: {
      ...{ port: 0, dataDir, 'log.level': 'error' },
      ...(natsUrl !== undefined && { 'bus.nats-url': natsUrl, 'outbox.roles': [] }),
      // Clients type the next turn as soon as one ends, which is faster than people may, and never again after a refusal.
      ...{
        'limits.turns-per-second': 10_000,
        'limits.turn-burst': 10_000,
        'limits.waiting-requests': 10_000,
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
    store,
    journals: store,
    events: {
      outbox: {
        ...store.outbox,
        async saveTurn(turn, events) {
          await store.outbox.saveTurn(turn, events);
          console.log(`acknowledged ${turn.session} ${turn.turn} ${turn.generation}`);
        },
      },
      analytics: store.analytics,
      ...(natsUrl !== undefined && { remembers: true }),
    },
  },
});
console.log(`listens on ${server.url}`);
