// A server with scripted engines whose sessions others can take over. Its only argument is its place, as JSON. It prints its
// address.
import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { realClock } from '../../adapters/real-clock.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import type { Place } from './scene.ts';

const { dataDir, port, natsUrl, replicas, ranFile, logLevel }: Place = JSON.parse(process.argv[2] ?? '{}');
const config = loadConfig({
  flags: {
    ...{ port, dataDir, 'log.level': logLevel, 'log.format': 'json', 'bus.nats-url': natsUrl },
    ...{
      'failover.enabled': true,
      'failover.replicas': replicas,
      'failover.shards': 2,
      'failover.action-ms': 2_000,
    },
    ...{ 'shared.replicas': replicas, 'outbox.replicas': replicas },
    ...{ 'limits.drain-grace-ms': 50, 'limits.new-sessions': 100 },
  },
});
/** Ten seconds. */
const STORY = 'It went on and on. '.repeat(25);

const server = await serve({
  config: { ...config, actions: { ...config.actions, allow: ['*'] } },
  log: makeLogger(logLevel, 'json'),
  parts: {
    engines: {
      stt: scriptedStt(realClock, [{ text: 'hello', finalMs: 1 }]),
      llm: scriptedLlm(realClock, ({ messages }) => {
        const words = messages.at(-1)?.content ?? '';
        const [, order] = /^order (\S+)$/u.exec(words) ?? [];
        if (words === 'a long story') return { text: STORY };
        const text = `You said ${words}. That is what I have heard.`;
        if (words === 'what did I say?')
          return { text: messages.map(({ role, content }) => `${role}: ${content}`).join(' | ') };
        return order === undefined
          ? { text }
          : { text, actions: [{ type: 'action', id: order, name: 'drive', args: { order } }] };
      }),
      tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 20 })),
    },
    vad: levelVad(),
    actions: {
      async run({ session, id }, signal) {
        appendFileSync(ranFile, `${session} ${id}\n`);
        await wait(100, undefined, { signal });
        return { status: 'done' };
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
