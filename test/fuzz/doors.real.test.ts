/** Every door of a whole server, with messages made from its own schema: right, nearly right, and wrong. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { clientCommand } from '../../actors/session/client-command.ts';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { isErrorCode } from '../../machines/errors.ts';
import { opusSamples } from '../../machines/opus-packet.ts';
import { SUBPROTOCOL, WIRE_LIMITS } from '../../machines/wire.ts';
import { chatRequest, ORDERS } from '../../server/endpoints/chat-stream/request.ts';
import { listQuery, pageQuery } from '../../server/endpoints/inspect/routes.ts';
import { controlRequest, INSPECT_SUBPROTOCOL, pageMessage } from '../../server/endpoints/inspect/wire.ts';
import { clientEvent } from '../../server/endpoints/openai-realtime/client-events.ts';
import { parseClientEvent } from '../../server/endpoints/openai-realtime/parse-event.ts';
import { helloMessage, parseCommand, parseHello } from '../../server/endpoints/parley-v1/client-messages.ts';
import { clientOp, parseClientOp } from '../../server/endpoints/rosbridge/client-ops.ts';
import { ingestMessage, parseIngest } from '../../server/ingest/wire.ts';
import { folderOfFile } from '../support/after-test.ts';
import { FUZZ_TEST_MS, fuzzing } from './budget.ts';
import { exactly, nearly } from './from-schema.ts';
import { FuzzedServer, lines, type Talk } from './world.ts';

const NORMAL = 1_000;
const tool = fc.constant({ name: 'look', type: 'function', parameters: { type: 'object' } });
const id = fc.constantFrom('a', 'b', '1-a');
const hints = {
  ...{ parameters: fc.constant({ type: 'object' }), tools: fc.array(tool, { maxLength: 2 }) },
  ...{ id, item_id: id, call_id: id, previous_item_id: id, generation: fc.nat({ max: 3 }) },
  ...{ pcm: fc.constant('AAAAAAAA'), audio: fc.constantFrom('AAAA', 'AAAAAAAA', 'A') },
  ...{ token: fc.constant(undefined), language: fc.constant('en'), data: fc.constant({ metres: 1 }) },
};
const audio = fc.constantFrom(0, 1, 2, 320, 640, 3_200, 100_000).map((bytes) => new Uint8Array(bytes));

let world: FuzzedServer;
const dataDir = folderOfFile();
beforeAll(async () => {
  world = await FuzzedServer.start(dataDir);
});
afterAll(async () => {
  expect(await world.close()).toBeGreaterThan(0);
});

describe('with anything from a client, every door answers in its own way, ends what it began, and serves others', () => {
  const fuzz = <T>(name: string, arbitrary: fc.Arbitrary<T>, attempt: (input: T) => Promise<void>) =>
    it(name, () => fc.assert(fc.asyncProperty(arbitrary, attempt), fuzzing()), FUZZ_TEST_MS);

  const hello = fc.oneof({ weight: 4, arbitrary: exactly(helloMessage, hints) }, nearly(helloMessage, hints));
  fuzz(
    'parley-v1',
    fc.record({
      first: hello.map((value) => JSON.stringify(value) ?? ''),
      frames: lines(nearly(clientCommand, hints), fc.oneof(fc.string(), audio)),
    }),
    async ({ first, frames }) => {
      const greeting = parseHello(first);
      const talk = await world.talk('/v1/session', SUBPROTOCOL, frames, { type: 'ready', after: first });
      const errors = codesOf(talk, ({ type, code }) => (type === 'error' ? code : undefined));
      if (!greeting.ok) {
        expect([errors, talk.closed]).toEqual([[greeting.failure.code], expect.any(Number)]);
        return;
      }
      const { inputFormat = 'pcm16', inputRate = PIPELINE_RATE, codec } = greeting.message.audio ?? {};
      const sampleBytes = inputFormat === 'pcm16' ? 2 : 1;
      const expected: string[] = [];
      for (const frame of frames) {
        if (typeof frame !== 'string') {
          if (frame.byteLength > WIRE_LIMITS.messageBytes) {
            expected.push('TOO_LARGE');
            break;
          }
          if (codec === 'opus') {
            const packet = frame.byteLength <= WIRE_LIMITS.opusPacketBytes && opusSamples(frame, inputRate);
            if (!packet) expected.push('AUDIO_DAMAGED');
            continue;
          }
          if (frame.byteLength % sampleBytes === 0) continue;
          expected.push('BAD_MESSAGE');
          break;
        }
        const parsed = parseCommand(frame);
        if (parsed.ok && parsed.message.type === 'bye') break;
        if (!parsed.ok) expected.push(parsed.failure.code);
        if (!parsed.ok && parsed.failure.code === 'BAD_MESSAGE') break;
      }
      expectAll(expected, errors);
      if (expected.includes('BAD_MESSAGE')) expect(talk.closed).toBeGreaterThan(4_000);
    },
  );

  fuzz('openai-realtime', lines(nearly(clientEvent, hints), fc.oneof(fc.string(), audio)), async (frames) => {
    const talk = await world.talk('/v1/realtime', 'realtime', frames, { type: 'session.created' });
    const refused = codesOf(talk, ({ type, error }) =>
      type === 'error' ? (error as { code: string }).code : undefined,
    );
    const expected = frames.map((frame) => {
      const parsed = typeof frame === 'string' ? parseClientEvent(frame) : undefined;
      return parsed ? (parsed.ok ? undefined : parsed.refusal.code) : 'invalid_event';
    });
    if (talk.closed === undefined)
      expectAll(
        expected.flatMap((code) => code ?? []),
        refused,
      );
    const count = (type: string) => talk.received.filter((event) => event.type === type).length;
    expect(count('response.done')).toBeLessThanOrEqual(count('response.created'));
  });

  fuzz('rosbridge', lines(nearly(clientOp, hints), fc.oneof(fc.string(), audio)), async (frames) => {
    const talk = await world.talk('/rosbridge', '', frames);
    const statuses = talk.received.filter(({ op }) => op === 'status');
    const parsed = frames.flatMap((frame) => (typeof frame === 'string' ? parseClientOp(frame) : []));
    const wrong = parsed.filter(({ ok }) => !ok).length;
    const quiet = parsed.some((one) => one.ok && one.op.op === 'set_level');
    if (talk.closed === undefined && !quiet) expect(statuses.length).toBeGreaterThanOrEqual(wrong);
    for (const { op } of talk.received)
      expect(op).toMatch(
        /^(publish|service_response|status|fragment|call_service|(send|cancel)_action_goal|action_result)$/u,
      );
  });

  fuzz('ingest-tts', lines(nearly(ingestMessage, { ...hints, sessionId: id }), audio), async (frames) => {
    const talk = await world.talk('/ws/ingest/tts', '', frames);
    const errors = codesOf(talk, ({ type, code }) => (type === 'ERROR' ? code : undefined));
    const wrong = frames.filter((frame) => typeof frame === 'string' && !parseIngest(frame).message);
    if (talk.closed === undefined) expect(errors.length).toBeGreaterThanOrEqual(wrong.length);
    for (const { type } of talk.received) expect(['ERROR', 'CONTROL']).toContain(type);
  });

  const chat = nearly(chatRequest, {
    ...{ sessionId: id, turn: fc.nat({ max: 5 }), content: fc.constantFrom('hello', ...ORDERS) },
  });
  fuzz('chat-stream', fc.array(fc.tuple(chat, fc.boolean()), { maxLength: 5 }), async (requests) => {
    for (const [body, leaves] of requests) {
      const leave = new AbortController();
      const response = await fetch(`${world.server.url}/chat/stream`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
        ...{ body: JSON.stringify(body) ?? '', signal: leave.signal },
      });
      expect(response.status).not.toBe(500);
      if (response.status !== 200) {
        const { error } = z.object({ error: z.object({ code: z.string() }) }).parse(await response.json());
        expect(isErrorCode(error.code)).toBe(true);
      } else if (leaves) leave.abort();
      else expect(await response.text()).toMatch(/event: (done|error)\ndata: .*\n\n$/u);
    }
    await world.left();
  });

  fuzz('inspect, its pages', lines(nearly(pageMessage, { session: id }), audio), async (frames) => {
    const talk = await world.talk('/v1/inspect/live', INSPECT_SUBPROTOCOL, frames);
    for (const { type } of talk.received)
      expect(['ready', 'sessions', 'watching', 'feed', 'error']).toContain(type);
    if (talk.closed !== undefined) expect(talk.closed).toBeGreaterThanOrEqual(NORMAL);
  });

  const query = nearly(z.union([z.object(pageQuery.shape), z.object(listQuery.shape)]));
  const path = fc.oneof(
    fc.constantFrom('', '/a', '/a/journal', '/a/turns', '/a/audio', '/a/control', '/a/b/c', '/%00', '/..%2f'),
    fc.webPath(),
  );
  const method = fc.constantFrom('GET', 'POST', 'PUT');
  fuzz(
    'inspect and admin, their requests',
    fc.tuple(path, method, query, nearly(controlRequest)),
    async ([where, how, asked, body]) => {
      const search = new URLSearchParams();
      if (typeof asked === 'object' && asked !== null)
        for (const [name, value] of Object.entries(asked))
          search.set(name, typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
      const url = `${world.server.url}/v1/inspect/sessions${where}?${search}`;
      const content =
        how === 'GET'
          ? {}
          : { body: JSON.stringify(body) ?? '', headers: { 'content-type': 'application/json' } };
      const response = await fetch(url, { method: how, ...content });
      await response.arrayBuffer();
      expect([200, 400, 403, 404, 405, 409, 413]).toContain(response.status);
    },
  );
});

/** Values of the messages for which `pick` has one, which must be words of the protocol. */
function codesOf(talk: Talk, pick: (message: Record<string, unknown>) => unknown): string[] {
  return talk.received.flatMap((message) => {
    const code = pick(message);
    if (code === undefined) return [];
    expect(code).toMatch(/^\w+$/u);
    return [String(code)];
  });
}

/** Each of the expected ones was received, perhaps among others. */
function expectAll(expected: readonly string[], received: readonly string[]): void {
  const rest = [...received];
  for (const one of expected) {
    const at = rest.indexOf(one);
    expect([one, at >= 0, received]).toEqual([one, true, received]);
    rest.splice(at, 1);
  }
}
