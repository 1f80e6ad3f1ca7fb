// A server process of several, with scripted engines. Its arguments are its place and the data directory.
import { realClock } from '../../adapters/real-clock.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { Siblings, supervisorChannel } from '../../server/processes/siblings.ts';
import { serve } from '../../server/serve.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { UNHURRIED } from '../support/unhurried.ts';

const [place = '', dataDir = ''] = process.argv.slice(2);
const server: { leave(graceMs: number): Promise<void>; close(): Promise<void> } = await serve({
  config: loadConfig({
    env: UNHURRIED,
    flags: { dataDir, 'log.level': 'error', 'limits.drain-grace-ms': 50, 'inspect.control': true },
  }),
  log: makeLogger('error'),
  siblings: new Siblings(place, supervisorChannel(), (graceMs) => void server.leave(graceMs).then(end)),
  parts: {
    engines: {
      stt: scriptedStt(realClock, [{ text: 'hello', finalMs: 1 }]),
      llm: scriptedLlm(realClock, ({ messages }) => ({
        text:
          messages.at(-1)?.content === 'story'
            ? 'Once upon a time there was a robot. It knew long stories.'
            : 'Yes, I do.',
      })),
      tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 30 })),
    },
    vad: levelVad(),
  },
});
async function end() {
  await server.close();
  process.exit(0);
}
process.once('disconnect', end);
process.once('SIGTERM', end);
