/** A collector that speaks OTLP/HTTP, a server and a worker on NATS, a model, a recogniser, a voice and a tool behind HTTP. */
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { realClock } from '../../adapters/real-clock.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { answer, chatReply, openaiServer, scriptedServer } from '../../testing/loopback/mod.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { parley } from '../support/processes.ts';
import { speak } from '../support/speech.ts';

const attribute = z.object({
  key: z.string(),
  value: z.looseObject({ stringValue: z.string().optional(), intValue: z.number().optional() }),
});
const spanSchema = z.looseObject({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: z.coerce.bigint(),
  endTimeUnixNano: z.coerce.bigint(),
  attributes: z.array(attribute),
  links: z.array(z.looseObject({ traceId: z.string(), spanId: z.string() })).default([]),
});
type Span = z.infer<typeof spanSchema>;
const exported = z.object({
  resourceSpans: z.array(
    z.looseObject({ scopeSpans: z.array(z.looseObject({ spans: z.array(spanSchema) })) }),
  ),
});

async function collector() {
  const spans: Span[] = [];
  const bodies: string[] = [];
  const server = await scriptedServer(
    realClock,
    ({ body, url }) => {
      bodies.push(body.toString());
      const { resourceSpans } = exported.parse(JSON.parse(body.toString()));
      spans.push(...resourceSpans.flatMap((one) => one.scopeSpans).flatMap((one) => one.spans));
      return url.pathname;
    },
    () => answer(200, 'application/json', '{}'),
  );
  afterTest(() => server.close());
  return { spans, bodies, url: `${server.baseURL}/traces` };
}

/** Ids of the trace and the span that a request names. */
const asked = (traceparent = '') => traceparent.split('-').slice(1, 3);

it('a turn is a trace with its stages, and engines and tools are asked within it', async () => {
  const folder = await temporaryFolder();
  const nats = await startNatsServer();
  afterTest(() => nats.stop());
  const traces = await collector();
  const headers: Record<string, string | undefined> = {};
  const tool = await scriptedServer(
    realClock,
    ({ incoming }) => {
      headers.tool = String(incoming.headers.traceparent);
    },
    () => answer(200, 'application/json', '{"sky":"cloudless"}'),
  );
  const model = await openaiServer({
    chat: ({ json, headers: { traceparent } }) => {
      headers.llm ??= traceparent;
      return JSON.stringify(json).includes('cloudless')
        ? chatReply(['No clouds.'])
        : chatReply(['Let me see. '], { toolCalls: [{ name: 'weather', arguments: '{}' }] });
    },
  });
  for (const one of [tool, model]) afterTest(() => one.close());
  const file = join(folder, 'parley.yaml');
  await mkdir(join(folder, 'data'));
  await writeFile(
    file,
    `traces: { url: '${traces.url}' }\ntools: { http: { weather: { url: '${tool.baseURL}/weather', description: Weather. } } }\n`,
  );
  const env = { NATS_URL: nats.url, OPENAI_BASE_URL: model.baseURL, OPENAI_API_KEY: 'none' };
  const engines = ['--engines.stt', 'openai', '--engines.llm', 'openai', '--engines.tts', 'openai'];
  const worker = parley(['worker', ...engines, '--data-dir', join(folder, 'worker')], env);
  afterTest(() => worker.kill());
  const names = ['stt', 'llm', 'tts'].map((kind) => `--${kind}.remote.engine=openai`);
  const args = ['serve', '--engines', 'remote', ...names, '--port', '0', '--config', file];
  const server = parley([...args, '--data-dir', join(folder, 'data')], env);
  afterTest(() => server.kill());
  const [[, url = '']] = await Promise.all([server.line(/listens on (\S+)/u), worker.line(/worker serves/u)]);

  const client = await VoiceClient.connect({ url, clock: realClock });
  await client.say(speak('how is the weather'));
  await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 30_000 });
  await client.close();
  await typedTurn(url, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
  expect(await server.stop()).toBe(0);

  const roots = traces.spans.filter(({ name }) => name === 'turn');
  expect(roots).toHaveLength(2);
  const [spoken, typed] = roots;
  if (!spoken || !typed) throw new Error('no turns');
  const ofSpoken = traces.spans.filter(({ traceId }) => traceId === spoken.traceId);
  const found = new Set(ofSpoken.map(({ name }) => name));
  for (const name of ['stt', 'llm', 'tts', 'playback', 'action', 'stage endpoint', 'stage llmFirstToken'])
    expect(found).toContain(name);
  for (const name of ['stage ttsFirstAudio', 'stage playback']) expect(found).toContain(name);
  for (const span of ofSpoken) {
    if (span !== spoken) expect(span.parentSpanId).toBe(spoken.spanId);
    expect(span.endTimeUnixNano).toBeGreaterThanOrEqual(span.startTimeUnixNano);
    // Nothing of a turn begins before the user speaks, and a millisecond is the resolution of the wall clock.
    expect(span.startTimeUnixNano).toBeGreaterThanOrEqual(spoken.startTimeUnixNano - 1_000_000n);
  }
  const idsOf = (name: string) =>
    ofSpoken.filter((span) => span.name === name).map(({ traceId, spanId }) => [traceId, spanId]);
  // Engines are warmed up outside of any trace.
  const requestTo = (end: string) =>
    model.requests.find(({ path, headers }) => path.endsWith(end) && headers.traceparent !== undefined);
  const [stt, tts] = [requestTo('/transcriptions'), requestTo('/speech')];
  expect(idsOf('stt')).toContainEqual(asked(stt?.headers.traceparent));
  expect([...idsOf('llm'), ...idsOf('speculation')]).toContainEqual(asked(headers.llm));
  expect([...idsOf('tts'), ...idsOf('speculation')]).toContainEqual(asked(tts?.headers.traceparent));
  expect(idsOf('action')).toContainEqual(asked(headers.tool));
  expect(typed.links).toMatchObject([
    { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' },
  ]);
  expect(typed.attributes).toContainEqual({ key: 'parley.end', value: { stringValue: 'completed' } });
  // Nothing that was said leaves with a trace.
  expect(traces.bodies.join()).not.toMatch(/clouds|Let me see|hello/u);
});

/** A turn of a client that has a trace of its own. */
async function typedTurn(url: string, traceparent: string): Promise<void> {
  const socket = new WebSocket(new URL('/v1/session', url.replace(/^http/u, 'ws')), 'parley.v1', {
    headers: { traceparent },
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello' }));
  socket.send(JSON.stringify({ type: 'text', text: 'yes cloudless' }));
  await new Promise<void>((resolve) =>
    socket.on('message', (data, binary) => {
      if (!binary && String(data).includes('"reply.end"')) resolve();
    }),
  );
  socket.close();
}
