/** A stop that is said to the whole server while other input arrives: its recogniser is a raw HTTP server, which answers when the test wants. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AsyncQueue } from '../../actors/async-queue.ts';
import type { Heard } from '../../clients/typescript/src/messages.ts';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { Awaiting } from '../../testing/loopback/awaiting.ts';
import { chatReply } from '../../testing/loopback/openai-replies.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { levelVad } from '../../testing/scripted-engines.ts';
import { afterTest, folderOfFile } from '../support/after-test.ts';
import { UNHURRIED } from '../support/unhurried.ts';

const STORY = 'Once upon a time there was a robot that read very long stories to everyone in the house. ';
const DRIVE = { name: 'drive', description: '', parameters: { type: 'object' } };

let url = '';
/** Recognitions that wait for their answer. */
const unanswered = new AsyncQueue<ServerResponse>();
/** The last words of each request to the language model. */
const asked: string[] = [];

beforeAll(async () => {
  const recogniser = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.url?.endsWith('/audio/transcriptions')) unanswered.push(response);
      else response.setHeader('content-type', 'application/json').end('{"data":[]}');
    });
  });
  await new Promise<void>((resolve) => recogniser.listen(0, '127.0.0.1', resolve));
  afterAll(() => {
    recogniser.closeAllConnections();
    recogniser.close();
  });
  const others = await openaiServer({
    chat: ({ json }) => {
      const { messages } = json as { messages: readonly { role: string; content: string }[] };
      const words = messages.findLast(({ role }) => role === 'user')?.content ?? '';
      asked.push(words);
      const calls = words === 'drive' && messages.at(-1)?.role === 'user';
      return chatReply(
        [STORY, STORY, STORY],
        calls ? { toolCalls: [{ name: 'drive', arguments: '{}' }] } : {},
      );
    },
  });
  afterAll(() => others.close());
  const { port } = recogniser.address() as AddressInfo;
  const config = loadConfig({
    env: { ...UNHURRIED, OPENAI_BASE_URL: others.baseURL },
    flags: {
      ...{ port: 0, dataDir: folderOfFile(), 'limits.drainGraceMs': 0, 'tts.cache.enabled': 'no' },
      ...{ 'engines.stt': 'openai', 'engines.llm': 'openai', 'engines.tts': 'openai', 'llm.tools': '*' },
      'stt.openai.baseURL': `http://127.0.0.1:${port}/v1`,
    },
  });
  const server = await serve({ config, log: makeLogger('silent'), parts: { vad: levelVad() } });
  afterAll(() => server.close());
  url = server.url;
});

class Person {
  readonly client = new ParleyClient({ url });
  readonly received: Heard[] = [];
  #barriers = 0;
  readonly #awaiting = new Awaiting({
    story: () => this.received.map((message) => JSON.stringify(message).slice(0, 200)).join('\n'),
  });

  constructor() {
    this.client.on('message', (message) => {
      this.received.push(message);
      this.#awaiting.check();
    });
    afterTest(() => this.client.close());
  }

  of<Type extends Heard['type']>(type: Type): Extract<Heard, { type: Type }>[] {
    return this.received.filter((one): one is Extract<Heard, { type: Type }> => one.type === type);
  }

  until(condition: () => boolean, what: string): Promise<void> {
    return this.#awaiting.until(condition, what);
  }

  reaches(state: string): Promise<void> {
    return this.until(() => this.of('state').at(-1)?.value === state, state);
  }

  /** Resolves when the server has handled everything sent before: it refuses the result of an unknown action. */
  async handled(): Promise<void> {
    const id = `barrier-${++this.#barriers}`;
    this.client.send({ type: 'action.result', id, status: 'done' });
    await this.until(() => this.of('error').some(({ message }) => message.includes(id)), id);
  }

  /** A tone that the detector takes for speech, in real time, and silence behind it. */
  say(ms: number, silenceMs = 1_500): Promise<void> {
    const samples = Int16Array.from({ length: samplesInMs(ms, PIPELINE_RATE) }, (_, i) =>
      Math.round(8_000 * Math.sin((2 * Math.PI * 300 * i) / PIPELINE_RATE)),
    );
    return this.client.speak(samples, { silenceMs });
  }
}

type Act = (person: Person) => unknown;

const acts: Readonly<Record<string, Act>> = {
  'a typed text': ({ client }) => client.send({ type: 'text', text: 'go on' }),
  'a typed text that makes the model call an action': ({ client }) =>
    client.send({ type: 'text', text: 'drive' }),
  'an interruption': ({ client }) => client.send({ type: 'interrupt' }),
  'words for Parley to say': ({ client }) => client.send({ type: 'respond', say: 'Here I go.' }),
  'an interruption and a typed text': ({ client }) => {
    client.send({ type: 'interrupt' });
    client.send({ type: 'text', text: 'go on' });
  },
  'another language': ({ client }) => client.send({ type: 'settings', language: 'de' }),
};
const ACTS = Object.entries(acts);

/** What the recogniser sends. */
const JSON_STOP = '{"text":" Stop."}';
const ANSWERS: readonly (readonly [type: string, body: string])[] = [
  ['application/json', JSON_STOP],
  ['text/plain; charset=utf-8', 'Stop.\n'],
  ['application/json', '{"text":null,"segments":[{"id":0,"start":0,"end":0.5,"text":" Stop."}]}'],
];

async function met(): Promise<Person> {
  asked.length = 0;
  const person = new Person();
  await person.client.connect();
  person.client.send({ type: 'settings', tools: [DRIVE] });
  await person.handled();
  return person;
}

/** The stop is in force: nothing begins after it. It is the last that was said, and the first thing that is done. */
async function expectStopped(person: Person): Promise<void> {
  await person.reaches('stopped');
  await person.handled();
  expect(person.of('state').at(-1)?.value).toBe('stopped');
  expect(person.of('transcript').findLast(({ final }) => final)?.text).toBe('Stop.');
  expect(person.of('action').filter(({ status }) => status === 'started')).toEqual([]);
  const from = person.received.findLastIndex((one) => one.type === 'state' && one.value === 'stopped');
  expect(person.received.slice(from).filter(({ type }) => type === 'reply' || type === 'action')).toEqual([]);
}

it.each(ACTS)('a spoken stop is in force although %s arrives while it is said', async (_what, act) => {
  const person = await met();
  const said = person.say(700);
  await person.until(() => person.of('speech').length > 0, 'speech');
  await act(person);
  const recognition = await unanswered.take();
  recognition.writeHead(200, { 'content-type': 'application/json' }).end(JSON_STOP);
  await said;
  await expectStopped(person);
  expect(asked).toEqual([]);
});

it.each(ACTS.map(([what, act], i) => [what, i % 2 === 0 ? 'before' : 'in the middle of', act, i] as const))(
  'a spoken stop is in force although %s arrives %s the answer of the recogniser',
  async (_what, when, act, i) => {
    const person = await met();
    const [type, body] = ANSWERS[i % ANSWERS.length] ?? ['', ''];
    const said = person.say(300);
    const recognition = await unanswered.take();
    const cut = when === 'before' ? 0 : Math.floor(body.length / 2);
    if (cut > 0) recognition.writeHead(200, { 'content-type': type }).write(body.slice(0, cut));
    await act(person);
    await person.handled();
    if (cut === 0) recognition.writeHead(200, { 'content-type': type });
    recognition.end(body.slice(cut));
    await said;
    await expectStopped(person);
    expect(asked).toEqual([]);
  },
);

it.each(ACTS)(
  'a stop said over a reply is in force although %s arrives before its words',
  async (_what, act) => {
    const person = await met();
    person.client.send({ type: 'text', text: 'tell me a story' });
    await person.reaches('speaking');
    const said = person.say(700);
    const recognition = await unanswered.take();
    await act(person);
    await person.handled();
    recognition.writeHead(200, { 'content-type': 'application/json' }).end(JSON_STOP);
    await said;
    await expectStopped(person);
  },
);

it('a spoken stop is in force although the user speaks again before its words', async () => {
  const person = await met();
  const first = person.say(300);
  const stop = await unanswered.take();
  const second = first.then(() => person.say(400));
  await person.until(() => person.of('speech').length > 2, 'the second utterance');
  stop.writeHead(200, { 'content-type': 'application/json' }).end(JSON_STOP);
  await expectStopped(person);
  await second;
  expect(person.of('state').at(-1)?.value).toBe('stopped');
  expect(asked).toEqual([]);
});
