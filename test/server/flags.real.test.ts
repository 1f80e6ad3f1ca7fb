import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { replayHere } from '../../server/replay/replay.ts';
import { serve } from '../../server/serve.ts';
import type { Server } from '../../server/serve-options.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { parley } from '../support/processes.ts';
import { UNHURRIED } from '../support/unhurried.ts';

/** Ends a session after one typed turn; resolves with its id and the number of pieces in which its reply came. */
async function session(server: Server, token?: string): Promise<{ id: string; pieces: number }> {
  const client = await VoiceClient.connect({ url: server.url, clock: realClock, ...(token && { token }) });
  client.send({ type: 'text', text: 'hello' });
  await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 20_000 });
  await client.close();
  const messages = client.arrivals.map(({ message }) => message);
  const [ready] = messages.flatMap((message) => (message.type === 'ready' ? [message.session] : []));
  return { id: ready ?? '', pieces: messages.filter(({ type }) => type === 'reply').length };
}

it('flags that change while a server runs count for new sessions, are journaled, and replay', async () => {
  const dataDir = await temporaryFolder();
  const flagsOf = (flags: Record<string, string>) =>
    loadConfig({ env: UNHURRIED, flags: { port: '0', dataDir, ...flags } });
  const asked: (boolean | undefined)[] = [];
  const llm = scriptedLlm(realClock, () => ({ text: 'One. Two. Three.', firstTokenMs: 1, tokenMs: 5 }));
  const server = await serve({
    config: flagsOf({}),
    log: makeLogger('silent'),
    parts: {
      vad: levelVad(),
      engines: {
        stt: scriptedStt(realClock, [{ text: 'hello' }]),
        llm: {
          ...llm,
          reply(request, signal) {
            asked.push(request.stream);
            return llm.reply(request, signal);
          },
        },
        tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 4 })),
      },
    },
  });
  afterTest(() => server.close());
  const before = await session(server);
  const off = { sseCore: 0, ttsStreaming: 0, bargeIn: 0, outbox: 0, memory: 0, speculation: 0, filler: 0 };
  server.setFlags(off);
  const after = await session(server);
  server.setFlags({ ...off, outbox: 100 });
  const last = await session(server);
  await server.close();

  expect(asked).toEqual([undefined, false, false]);
  const store = sqliteStore({ path: `${dataDir}/parley.db` });
  afterTest(() => store.close());
  const [first, second] = await Promise.all([store.readJournal(before.id), store.readJournal(after.id)]);
  expect(first.header.parameters.steps).toMatchObject({ sseCore: true, bargeIn: true, outbox: true });
  expect(second.header.parameters).toMatchObject({
    steps: { sseCore: false, ttsStreaming: false, bargeIn: false, outbox: false, speculation: false },
    speculation: { enabled: false },
    reply: { fillerAfterMs: 0 },
  });
  const settings = (of: typeof first) => of.records.filter(({ event }) => event.includes('"settings"'));
  expect(settings(first)).toEqual([]);
  expect(settings(second).map(({ event }) => JSON.parse(event))).toMatchObject([
    { type: 'settings', change: { turnDetection: { mode: 'auto', interrupt: false } } },
  ]);
  for (const journal of [first, second]) expect(replayHere(journal, '').matches).toBe(true);
  const measured = await store.analytics.turns({ since: '', from: 0, limit: 10 });
  expect(measured.map(({ session }) => session)).toEqual([before.id, last.id]);
});

it('without barge-in a reply plays on while the user speaks, also if the client asks for interruptions', async () => {
  const server = await serve({
    config: loadConfig({
      env: UNHURRIED,
      flags: { port: '0', dataDir: await temporaryFolder(), 'flags.barge-in': 'no' },
    }),
    log: makeLogger('silent'),
    parts: {
      vad: levelVad(),
      engines: {
        stt: scriptedStt(realClock, [{ text: 'wait' }]),
        llm: scriptedLlm(realClock, () => ({
          text: 'A reply of about two seconds.',
          firstTokenMs: 1,
          tokenMs: 1,
        })),
        tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 70 })),
      },
    },
  });
  afterTest(() => server.close());
  const client = await VoiceClient.connect({ url: server.url, clock: realClock });
  afterTest(() => client.close());
  client.send({ type: 'settings', turnDetection: { mode: 'auto', interrupt: true } });
  client.send({ type: 'text', text: 'hello' });
  await client.waitFor(({ type }) => type === 'state', { timeoutMs: 20_000 });
  const samples = Int16Array.from({ length: PIPELINE_RATE }, (_, i) => (i % 2 === 0 ? 12_000 : -12_000));
  await client.say({ rate: PIPELINE_RATE, samples });
  const end = await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 20_000 });
  expect(end?.message).toMatchObject({ reason: 'completed', turn: 1 });
  expect(client.arrivals.map(({ message }) => message.type)).not.toContain('playback');
});

it('an operator changes flags by HTTP for new sessions, and no other client does', async () => {
  const dataDir = await temporaryFolder();
  const server = await serve({
    config: loadConfig({ env: UNHURRIED, flags: { port: '0', dataDir, token: 'secret token' } }),
    log: makeLogger('silent'),
    parts: {
      vad: levelVad(),
      engines: {
        stt: scriptedStt(realClock, [{ text: 'hello' }]),
        llm: scriptedLlm(realClock, () => ({ text: 'Yes.', firstTokenMs: 1, tokenMs: 1 })),
        tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 4 })),
      },
    },
  });
  afterTest(() => server.close());
  const ask = (body?: unknown, token = 'secret token') =>
    fetch(`${server.url}/v1/flags`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
  expect((await ask(undefined, 'wrong')).status).toBe(401);
  expect((await ask({ filler: false }, 'wrong')).status).toBe(401);
  for (const wrong of [{ fillers: true }, { filler: 'perhaps' }, ['filler'], 7])
    expect((await ask(wrong)).status).toBe(400);
  expect(await (await ask()).json()).toMatchObject({ filler: 100, speculation: 100 });

  const before = await session(server, 'secret token');
  const changed = await ask({ filler: false, outbox: '0%', memory: '33.3%' });
  expect(await changed.json()).toMatchObject({ filler: 0, outbox: 0, memory: 33.3, speculation: 100 });
  const after = await session(server, 'secret token');
  expect(await (await ask({ memory: true })).json()).toMatchObject({ filler: 0, memory: 100 });
  await server.close();
  const store = sqliteStore({ path: `${dataDir}/parley.db` });
  afterTest(() => store.close());
  const stepsOf = async (id: string) => (await store.readJournal(id)).header.parameters.steps;
  expect(await stepsOf(before.id)).toMatchObject({ filler: true, outbox: true });
  expect(await stepsOf(after.id)).toMatchObject({ filler: false, outbox: false, speculation: true });
});

it('SIGHUP takes the flags of the changed configuration, and none of an invalid one', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'robot.yaml');
  await writeFile(file, 'flags:\n  filler: yes\n');
  const server = parley(['serve', '--port', '0', '--data-dir', join(folder, 'data'), '--config', file]);
  afterTest(() => server.stop());
  await server.line(/listens on/u);
  await writeFile(file, 'flags:\n  filler: 25%\n');
  process.kill(server.pid, 'SIGHUP');
  await server.line(/"filler":25\b.*new sessions have these flags/u);
  await writeFile(file, 'flags:\n  filler: perhaps\n');
  process.kill(server.pid, 'SIGHUP');
  await server.line(/must be yes, no or a percentage such as 25%/u);
});
