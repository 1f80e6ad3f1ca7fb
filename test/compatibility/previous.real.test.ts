import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { eventBody } from '../../adapters/event-body.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { parseServerMessage } from '../../clients/typescript/src/messages.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { Presence } from '../../server/presence/presence.ts';
import { serve } from '../../server/serve.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { UNHURRIED } from '../support/unhurried.ts';

const line = z.object({ wire: z.string(), kind: z.string(), message: z.unknown() });
const answer = z.object({ type: z.string(), code: z.string().optional() });
/** What the version before said on its wires; `record.ts` makes it. */
const recorded = readFileSync(new URL('./previous.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((text) => line.parse(JSON.parse(text)));
const of = (wire: string) => recorded.filter((one) => one.wire === wire);

it('a client of the version before is understood and answered', async () => {
  const server = await serve({
    config: loadConfig({
      env: UNHURRIED,
      flags: { port: 0, dataDir: await temporaryFolder(), 'limits.drain-grace-ms': 50, 'log.level': 'error' },
    }),
    log: makeLogger('error'),
    parts: {
      vad: levelVad(),
      engines: {
        stt: scriptedStt(realClock, [{ text: 'hello', finalMs: 1 }]),
        llm: scriptedLlm(realClock, () => ({ text: 'Yes.' })),
        tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 20 })),
      },
    },
  });
  afterTest(() => server.close());
  const hellos = of('client').filter(({ kind }) => kind === 'hello');
  expect(hellos.length).toBeGreaterThan(1);
  for (const hello of hellos) {
    const from = recorded.indexOf(hello);
    const end = recorded.findIndex(({ kind }, at) => at > from && kind === 'bye');
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/session`, 'parley.v1');
    const answers: { type: string; code?: string | undefined }[] = [];
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) answers.push(answer.parse(JSON.parse(data.toString())));
    });
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await new Promise((opened) => socket.once('open', opened));
    for (const { wire, message } of recorded.slice(from, end + 1))
      if (wire === 'client') socket.send(JSON.stringify(message));
    expect(await closed).toBe(1000);
    const codes = answers.flatMap(({ code }) => code ?? []);
    // All was said at once, so the session may refuse some of it; but it has understood all.
    const notUnderstood = ['UNKNOWN_TYPE', 'BAD_FIELD', 'BAD_MESSAGE', 'BAD_HELLO'];
    expect(codes.filter((code) => notUnderstood.includes(code))).toEqual([]);
    expect(answers.map(({ type }) => type)).toEqual(expect.arrayContaining(['ready', 'state']));
  }
});

it('a client of this version understands a server of the version before', () => {
  const messages = of('server');
  expect(messages.length).toBeGreaterThan(20);
  for (const { message } of messages) expect(parseServerMessage(JSON.stringify(message))).toEqual(message);
});

it('presence and events of the version before are understood', async () => {
  const clock = new VirtualClock();
  const bus = inProcessBus({ clock });
  const state = { sessions: 0, load: 0, draining: false };
  const presence = new Presence({ bus, clock, id: 'own', state: () => state });
  afterTest(() => presence.close());
  const [sign] = of('presence');
  bus.publish(sign?.kind ?? '', new TextEncoder().encode(JSON.stringify(sign?.message)));
  await clock.advance(1);
  expect([...presence.others().values()]).toEqual([sign?.message]);
  for (const { message } of of('event')) expect(eventBody.parse(message)).toEqual(message);
});
