import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { expect, it } from 'vitest';
import { inProcessBus } from '../../../adapters/bus/in-process.ts';
import { realClock } from '../../../adapters/real-clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { LogEntry } from '../../../machines/log.ts';
import { type SessionMessage, WIRE_LIMITS } from '../../../machines/wire.ts';
import { afterTest, temporaryFolder } from '../../../test/support/after-test.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../../testing/scripted-engines.ts';
import { VoiceClient } from '../../client/voice-client.ts';
import { loadConfig } from '../../config/load.ts';
import { makeLogger } from '../../log.ts';
import { observedHost } from '../../observers.ts';
import { serve } from '../../serve.ts';
import type { Server } from '../../serve-options.ts';
import { createMetrics, type Metrics } from './metrics.ts';

const TOKEN = 'a long enough token';
const PATIENCE_MS = 20_000;

async function start(flags: Record<string, string> = {}): Promise<Server> {
  const dataDir = await temporaryFolder();
  const server = await serve({
    config: loadConfig({ flags: { port: '0', 'data-dir': dataDir, ...flags } }),
    log: makeLogger('silent'),
    parts: {
      vad: levelVad(),
      engines: {
        stt: scriptedStt(realClock, [{ text: 'hello' }]),
        llm: scriptedLlm(realClock, () => ({ text: 'Hello to you.', firstTokenMs: 5, tokenMs: 1 })),
        tts: scriptedTts(realClock, () => ({ firstByteMs: 5, msPerChar: 20 })),
      },
    },
  });
  afterTest(() => server.close());
  return server;
}

interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly text: string;
}

function get(server: Server, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port: server.port, path: '/metrics', headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode, type: response.headers['content-type'], text }),
      );
    });
    asked.on('error', reject).end();
  });
}

/** The value of one line. */
function reading(text: string, series: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
}

it('reports what happened in a conversation on a real server, without session names', async () => {
  const server = await start();
  const client = await VoiceClient.connect({ url: server.url, clock: realClock });
  afterTest(() => client.close());
  client.send({ type: 'text', text: 'hello' });
  await client.waitFor((message) => message.type === 'reply.end', { timeoutMs: PATIENCE_MS });

  const { status, type, text } = await get(server);

  expect(status).toBe(200);
  expect(type).toContain('text/plain');
  expect(reading(text, 'parley_turns_total{reason="completed"}')).toBe(1);
  expect(reading(text, 'parley_turn_stage_seconds_count{stage="firstAudio"}')).toBe(1);
  expect(reading(text, 'parley_turn_stage_seconds_count{stage="llmFirstToken"}')).toBe(1);
  expect(reading(text, 'parley_frame_lateness_seconds_count')).toBe(Math.ceil(client.frames.length / 5));
  expect(reading(text, 'parley_sessions{state="idle"}')).toBe(1);
  expect(reading(text, 'parley_sessions_opened_total{endpoint="parley-v1"}')).toBe(1);
  expect(reading(text, 'parley_gateway_messages_total{kind="audio_out"}')).toBe(client.frames.length);
  expect(reading(text, 'parley_bus_messages_total{direction="published"}')).toBeGreaterThan(0);
  expect(reading(text, 'parley_store_records_total{outcome="failed"}')).toBe(0);
  expect(reading(text, 'process_cpu_seconds_total')).toBeGreaterThan(0);
  const ready = client.arrivals.map(({ message }) => message).find(({ type }) => type === 'ready');
  expect(ready?.type === 'ready' && text.includes(ready.session)).toBe(false);
});

it('forgets an ended session', async () => {
  const server = await start();
  const client = await VoiceClient.connect({ url: server.url, clock: realClock });
  await client.close();
  await server.close();
  const metrics = makeMetrics();
  const scripted = {
    open: async () => ({
      command: () => {},
      audio: () => {},
      present: () => {},
      speak: () => false,
      heardAt: () => undefined,
      close: async () => {},
    }),
  };
  const host = observedHost(scripted, [metrics]);
  const opened = await host.open(
    { session: 's', language: 'en', outputRate: 24_000 },
    { message: () => {}, audio: () => {} },
  );
  metrics.onLog('s', { type: 'frame', atMs: 0, generation: 1, seq: 0, samples: 480 });
  expect(reading(await metrics.text(), 'parley_sessions{state="idle"}')).toBe(1);

  await opened.close('lost');

  expect(reading(await metrics.text(), 'parley_sessions{state="idle"}')).toBe(0);
});

it('requires the token of the server if it has one', async () => {
  const server = await start({ token: TOKEN });
  expect((await get(server)).status).toBe(401);
  expect((await get(server, { authorization: 'Bearer something else' })).status).toBe(401);
  const answer = await get(server, { authorization: `Bearer ${TOKEN}` });
  expect(answer.status).toBe(200);
  expect(answer.text).not.toContain(TOKEN);
});

it('serves clients without a token only under a loopback name', async () => {
  const server = await start();
  expect((await get(server, { host: 'evil.example' })).status).toBe(403);
  expect((await get(server, { host: `localhost:${server.port}` })).status).toBe(200);
  expect((await get(server, { host: `127.0.0.1:${server.port}` })).status).toBe(200);
  expect((await get(server, { host: `[::1]:${server.port}` })).status).toBe(200);
});

/** The log's entry of a message to the client. */
function published(atMs: number, message: SessionMessage): LogEntry {
  return { type: 'command', seq: 1, atMs, command: { type: 'publish', message } };
}

/** With a clock that a test moves. */
function makeMetrics(clock = { nowMs: 0 }): Metrics {
  return createMetrics({ version: '1.2.3', nowMs: () => clock.nowMs });
}

it('measures the lateness of a frame against the pacing, from the start of the reply and after a pause', async () => {
  const metrics = makeMetrics();
  const frame = (atMs: number, seq: number, generation = 1) =>
    metrics.onLog('s', { type: 'frame', atMs, generation, seq, samples: 480 });
  // Ten at once, then one in time, one 4 ms late, one in time again.
  for (let seq = 0; seq < WIRE_LIMITS.sendAheadMs / 20; seq++) frame(100, seq);
  frame(120, 10);
  frame(224, 15);
  frame(320, 20);
  const paused = (on: boolean) =>
    metrics.onLog('s', published(325, { type: 'playback', generation: 1, state: on ? 'paused' : 'playing' }));
  paused(true);
  paused(false);
  frame(1_000, 25);
  frame(1_100, 30);
  // The audio ran out: late once, then counted from there.
  frame(1_700, 35);
  frame(1_700, 40);
  frame(1_810, 45);

  const text = await metrics.text();

  expect(reading(text, 'parley_frame_lateness_seconds_count')).toBe(10);
  expect(reading(text, 'parley_frame_lateness_seconds_sum')).toBeCloseTo(0.004 + 0.5 + 0.01, 6);
  expect(reading(text, 'parley_frame_lateness_seconds_bucket{le="0.003"}')).toBe(7);
});

it('measures from speech over a reply to silence, on the clock', async () => {
  const clock = { nowMs: 5_000 };
  const metrics = makeMetrics(clock);
  const log = (entry: Parameters<Metrics['onLog']>[1]) => metrics.onLog('s', entry);
  log(published(0, { type: 'state', value: 'speaking', turn: 1, generation: 1, seq: 0, at: 0 }));
  clock.nowMs = 5_103;
  log({
    type: 'event',
    seq: 1,
    atMs: 100,
    source: 'ear',
    event: { type: 'speech.start', sample: 1_600, ageMs: 130 },
    state: 'speaking',
  });
  clock.nowMs = 5_104;
  log(published(100, { type: 'playback', generation: 1, state: 'paused' }));

  const text = await metrics.text();

  expect(reading(text, 'parley_barge_in_seconds_count')).toBe(1);
  expect(reading(text, 'parley_barge_in_seconds_sum')).toBeCloseTo(0.004, 9);
  expect(reading(text, 'parley_speech_notice_seconds_sum')).toBeCloseTo(0.13, 9);
});

it('counts what happens in chains of engines, in the detector and beside conversations', async () => {
  const metrics = makeMetrics();
  const of = { kind: 'tts', engine: 'edge' } as const;
  metrics.onChainEvent({ ...of, type: 'asked', reason: 'first' });
  metrics.onChainEvent({ ...of, type: 'firstByte', ms: 12 });
  metrics.onChainEvent({ ...of, type: 'failed', error: new ParleyError('TTS_FAILED'), ms: 3, midway: true });
  metrics.onChainEvent({ ...of, type: 'breaker', state: 'open', ms: 5_000 });
  metrics.onVadRun(7, 0.4);
  metrics.onProblem(new ParleyError('STORE_FAILED'));
  metrics.onProblem(new TypeError('of another program'));

  const text = await metrics.text();

  for (const event of ['asked_first', 'failed_midway', 'breaker_open'])
    expect(reading(text, `parley_engine_events_total{kind="tts",engine="edge",event="${event}"}`)).toBe(1);
  expect(reading(text, 'parley_engine_first_byte_seconds_sum{kind="tts",engine="edge"}')).toBe(0.012);
  expect(reading(text, 'parley_vad_batch_windows_bucket{le="8"}')).toBe(1);
  expect(reading(text, 'parley_problems_total{code="STORE_FAILED"}')).toBe(1);
  expect(reading(text, 'parley_problems_total{code="INTERNAL"}')).toBe(1);
});

it('exports exactly the metrics in docs/reference/metrics.md', () => {
  const metrics = makeMetrics();
  const counts = { opened: 0, requests: 0 };
  metrics.read({
    door: () => {
      throw new Error('not asked here');
    },
    bus: inProcessBus(),
    degradation: () => ({ level: 0, steps: { worse: 0, better: 0 } }),
    loads: () => [],
    store: () => ({ transactions: 0, saved: 0, failed: 0, waiting: 0 }),
    outbox: () => ({ events: 0, ageMs: 0, published: 0, failed: 0 }),
    connections: () => [['llm:openai', counts]],
    models: () => [['stt:sherpa', { audioMs: 1_000, busyMs: 50, memoryBytes: 1 }]],
    phraseCache: () => ({ hits: 0, misses: 0, taken: 0, stored: 0, evicted: 0, entries: 0, bytes: 0 }),
  });
  const page = readFileSync(new URL('../../../docs/reference/metrics.md', import.meta.url), 'utf8');
  const described = [...page.matchAll(/^\| `([a-z_]+)` \| (\w+) \|/gmu)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  const told = metrics.names().map(({ name, type }) => `${name} ${type}`);
  expect(described.toSorted()).toEqual(told.toSorted());
});
