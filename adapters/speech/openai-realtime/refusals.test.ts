import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { EngineClients } from '../../../actors/engine-rpc/mod.ts';
import type { SpeechEngine } from '../../../actors/ports/speech.ts';
import { SpeechSession } from '../../../actors/speech/speech-session.ts';
import { VirtualClock } from '../../../machines/clock.ts';
import type { ParleyError } from '../../../machines/errors.ts';
import { defaultParameters } from '../../../machines/parameters.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { openAiRealtime } from './openai-realtime.ts';

/** What the service answers: a response to the handshake, or what it does with a socket. */
type Answer =
  | { readonly status: number; readonly headers?: object; readonly body?: string }
  | ((socket: WebSocket) => void);

async function service(answer: () => Answer) {
  let handshakes = 0;
  const webSockets = new WebSocketServer({ noServer: true });
  const http = createServer();
  http.on('upgrade', (request, socket, head) => {
    handshakes += 1;
    const given = answer();
    if (typeof given === 'function') {
      webSockets.handleUpgrade(request, socket, head, given);
      return;
    }
    const { status, headers = {}, body = '' } = given;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(
      `HTTP/1.1 ${status} X\r\n${lines.join('')}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  afterTest(() => {
    for (const socket of webSockets.clients) socket.terminate();
    http.close();
  });
  const { port } = http.address() as { port: number };
  return { baseURL: `http://127.0.0.1:${port}/v1`, handshakes: () => handshakes };
}

/** Sessions of one engine, on virtual time; `run` lets minutes pass and the network answer. */
async function sessions(answer: () => Answer, count = 3) {
  const { baseURL, handshakes } = await service(answer);
  const clock = new VirtualClock();
  const real = openAiRealtime({
    name: 'model',
    clock,
    model: 'm',
    baseURL,
    apiKey: 'key',
    connectMs: 10_000,
    transcriptionModel: 'w',
    tools: [],
  });
  let opening = 0;
  const engine: SpeechEngine = {
    ...real,
    ...{ renewMs: 3_600_000, wordsMs: 1_000, replyMs: 1_000 },
    async open(...how) {
      opening += 1;
      try {
        return await real.open(...how);
      } finally {
        opening -= 1;
      }
    },
  };
  const settled = async () => {
    do await new Promise(setImmediate);
    while (opening > 0);
    await new Promise(setImmediate);
  };
  afterTest(() => engine.close());
  const problems: string[] = [];
  for (let i = 0; i < count; i++) {
    const session = new SpeechSession({
      ...{ engine, clock, language: 'en', parameters: defaultParameters, check: (call) => call },
      engines: {} as EngineClients,
      resamplers: {
        create: () => {
          throw new Error('no audio here');
        },
      },
      onProblem: (error: ParleyError) => problems.push(error.message),
    });
    afterTest(() => session.close());
    await settled();
  }
  const run = async (minutes: number) => {
    for (let second = 0; second < 60 * minutes; second += 5) {
      await clock.advance(5_000);
      await settled();
    }
  };
  return { problems, handshakes, run };
}

const json = (error: unknown) => JSON.stringify({ error });

describe('a speech service that refuses for good', () => {
  it.each<[string, Answer, string]>([
    [
      '401',
      { status: 401, body: json({ code: 'invalid_api_key', message: 'Incorrect key' }) },
      'HTTP 401: invalid_api_key: Incorrect key',
    ],
    ['403 without a body', { status: 403 }, 'HTTP 403'],
    ['404: no such model', { status: 404, body: json('no model m') }, 'HTTP 404: no model m'],
    [
      '429: no quota',
      { status: 429, body: json({ type: 'insufficient_quota', message: 'Pay first' }) },
      'HTTP 429: Pay first',
    ],
    [
      'an error in the place of a greeting',
      (socket) =>
        socket.send(JSON.stringify({ type: 'error', error: { code: 'model_not_found', message: 'no m' } })),
      'model_not_found: no m',
    ],
    ['a close for the key', (socket) => socket.close(3000, 'invalid key'), 'closed with 3000 invalid key'],
    [
      'a close for its policy before the session is set up',
      (socket) => socket.close(1008, 'no'),
      'closed with 1008 no',
    ],
  ])(
    'with %s is asked once in five minutes, whatever the number of sessions, and it is said once each time',
    async (_what, answer, said) => {
      const { problems, handshakes, run } = await sessions(() => answer);
      expect(problems).toEqual([
        `an engine refused the request: ${said}; not asked again for 5 minutes: check key, quota and model`,
      ]);
      expect(handshakes()).toBe(1);
      await run(4);
      expect([handshakes(), problems.length]).toEqual([1, 1]);
      await run(7);
      expect([handshakes(), problems.length]).toEqual([3, 3]);
    },
  );

  it('is used again by itself when it has changed its mind', async () => {
    let answer: Answer = { status: 401 };
    const greeted: WebSocket[] = [];
    const { handshakes, problems, run } = await sessions(() => answer);
    answer = (socket) => {
      greeted.push(socket);
      socket.send(JSON.stringify({ type: 'session.created', session: {} }));
      socket.on('message', () => socket.send(JSON.stringify({ type: 'session.updated' })));
    };
    await run(5.25);
    expect([handshakes(), greeted.length, problems.length]).toEqual([4, 3, 1]);
  });
});

it('a speech service that is only busy is asked again soon, and after the time that it names', async () => {
  const soon = await sessions(() => ({ status: 503 }), 1);
  await soon.run(1);
  expect(soon.handshakes()).toBeGreaterThan(6);
  const later = await sessions(() => ({ status: 429, headers: { 'Retry-After': 30 } }), 1);
  await later.run(1);
  expect(later.handshakes()).toBe(3);
});
