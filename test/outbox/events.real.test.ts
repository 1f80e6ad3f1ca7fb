import { expect, it } from 'vitest';
import type { MeasuredTurn } from '../../actors/ports/analytics.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { turnFacts } from '../../server/analytics/turn-facts.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import type { ServeOptions, Server } from '../../server/serve-options.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';

async function start(
  flags: Record<string, string> = {},
  parts: (dataDir: string) => ServeOptions['parts'] = () => ({}),
): Promise<{ server: Server; dataDir: string }> {
  const dataDir = await temporaryFolder();
  const server = await serve({
    config: loadConfig({ flags: { port: '0', 'data-dir': dataDir, ...flags } }),
    log: makeLogger('silent'),
    parts: {
      ...parts(dataDir),
      vad: levelVad(),
      engines: {
        stt: scriptedStt(realClock, [{ text: 'hello' }]),
        llm: scriptedLlm(realClock, () => ({ text: 'Hello to you.', firstTokenMs: 1, tokenMs: 1 })),
        tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 10 })),
      },
    },
  });
  afterTest(() => server.close());
  return { server, dataDir };
}

async function connect(server: Server): Promise<VoiceClient> {
  const client = await VoiceClient.connect({ url: server.url, clock: realClock });
  afterTest(() => client.close());
  return client;
}

/** A conversation of typed turns; resolves when the client has heard all replies. */
async function talk(client: VoiceClient, turns: number): Promise<void> {
  let ended = 0;
  const all = new Promise<void>((resolve) => {
    const stop = client.onMessage(({ message }) => {
      if (message.type !== 'reply.end') return;
      ended += 1;
      if (ended === turns) {
        stop();
        resolve();
      } else client.send({ type: 'text', text: 'and then?' });
    });
  });
  client.send({ type: 'text', text: 'hello' });
  await all;
}

/** What analytics has in this directory, read like another process. */
async function measured(dataDir: string) {
  const store = sqliteStore({ path: `${dataDir}/parley.db` });
  try {
    const turns = await store.analytics.turns({ since: '', from: 0, limit: 1_000 });
    return turns.map(({ id, turn, facts }) => ({ id, turn, facts: turnFacts.parse(JSON.parse(facts)) }));
  } finally {
    await store.close();
  }
}

async function metric(server: Server, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1),
  );
}

it('without NATS each turn reaches analytics once, with what it took', async () => {
  const { server, dataDir } = await start();
  await talk(await connect(server), 3);
  await expect.poll(() => measured(dataDir)).toHaveLength(3);
  const [first] = await measured(dataDir);
  expect(first).toMatchObject({
    turn: 1,
    facts: { reason: 'completed', language: 'en', endpoint: 'parley-v1', spoken: false, understood: true },
  });
  expect(first?.facts.costs).toMatchObject({ characters: 'Hello to you.'.length, speechSeconds: 0 });
  expect(first?.facts.costs.replySeconds).toBeCloseTo(0.13, 1);
  expect(first?.facts.stagesMs.firstAudio).toBeGreaterThan(0);
  await expect.poll(() => metric(server, 'parley_outbox_waiting_events')).toBe(0);
  expect(await metric(server, 'parley_outbox_events_total{outcome="published"}')).toBe(3);
});

it('while the broker is gone conversations go on and the backlog shows it; then all arrives', async () => {
  const folder = await temporaryFolder();
  const broker = await startNatsServer({ args: ['-js', '-sd', folder] });
  afterTest(() => broker.stop());
  const { server, dataDir } = await start({ 'bus.nats-url': broker.url });
  const client = await connect(server);
  await talk(client, 1);
  await expect.poll(() => measured(dataDir)).toHaveLength(1);
  await broker.kill();
  await talk(client, 4);
  await expect.poll(() => metric(server, 'parley_outbox_waiting_events')).toBeGreaterThan(2);
  expect(await metric(server, 'parley_outbox_age_seconds')).toBeGreaterThan(0);
  await broker.restart();
  await expect.poll(() => measured(dataDir)).toHaveLength(5);
  await expect.poll(() => metric(server, 'parley_outbox_waiting_events')).toBe(0);
});

it('a role that is slow holds up no conversation, and gets everything in the end', async () => {
  let open = () => {};
  const slow = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { server, dataDir } = await start({}, (dataDir) => {
    const store = sqliteStore({ path: `${dataDir}/parley.db` });
    const analytics = {
      ...store.analytics,
      save: (turn: MeasuredTurn) => slow.then(() => store.analytics.save(turn)),
    };
    return { store, journals: store, events: { outbox: store.outbox, analytics } };
  });
  await talk(await connect(server), 3);
  expect(await measured(dataDir)).toEqual([]);
  await expect.poll(() => metric(server, 'parley_outbox_waiting_events')).toBe(3);
  open();
  await expect.poll(() => measured(dataDir)).toHaveLength(3);
  await expect.poll(() => metric(server, 'parley_outbox_waiting_events')).toBe(0);
});
