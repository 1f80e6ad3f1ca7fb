import { once } from 'node:events';
import WebSocket from 'ws';
import { realClock } from '../../adapters/real-clock.ts';
import { STOP_IN_FORCE_MS } from '../../machines/wire.ts';
import { type Check, NotChecked } from './check.ts';
import { demand, type Message, observe } from './peer.ts';
import type { ServerUnderTest, TestClient } from './test-client.ts';

/** A server under test, and connections to it that the check's end closes. */
export interface ServerSubject extends ServerUnderTest {
  connect(): Promise<TestClient>;
  /** Connects and says hello; resolves when the session is ready. */
  session(hello?: object): Promise<TestClient>;
}

type Run = (server: ServerSubject) => Promise<void>;

/** For the difference of two ways to the server and back. */
const WAY_MS = 200;
/** How long a stale message would take to arrive. */
const SETTLED_MS = 400;

const PCM_20_MS = new Uint8Array(640);
const PCM_100_MS = new Uint8Array(3_200);

/** What a server of the native protocol must do. A new check is one more entry. */
export const SERVER_CHECKS: readonly Check<ServerSubject>[] = [
  check('subprotocol', 'Connecting', 'without it the answer is HTTP 400', async (server) => {
    const socket = new WebSocket(new URL('/v1/session', server.url));
    const status = await new Promise<unknown>((resolve) => {
      socket.on('error', resolve);
      socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode));
      socket.on('open', () => resolve(101));
    });
    socket.terminate();
    demand(status === 400, () => `expected HTTP 400, got ${status}`);
  }),
  check('readyz', 'Connecting', '/healthz and /readyz answer', async (server) => {
    const at = (path: string) => new URL(path, server.url.replace(/^ws/u, 'http'));
    const { status } = await fetch(at('/healthz'));
    demand(status === 200, () => `expected 200 of /healthz, got ${status}`);
    const ready = await fetch(at('/readyz'));
    const body: unknown = await ready.json().catch(() => undefined);
    const isReady = ready.status === 200;
    const isRight = typeof body === 'object' && body !== null && 'ready' in body && body.ready === isReady;
    demand(
      isRight && (isReady || ready.status === 503),
      () => `/readyz: ${ready.status} ${JSON.stringify(body)}`,
    );
  }),
  check('ready', 'Connecting', 'ready comes first, with the rates asked for', async (server) => {
    const client = await server.session({ audio: { inputRate: 8_000, outputRate: 24_000 } });
    const first = client.received[0];
    demand(first?.type === 'ready', () => `the first message was ${JSON.stringify(first)}`);
    const audio = JSON.stringify(first.audio);
    demand(audio === '{"inputRate":8000,"outputRate":24000}', () => `asked for 8000 and 24000, got ${audio}`);
    demand(first.actions === 'results', () => 'ready does not repeat actions: "results"');
  }),
  check('early-text', 'Connecting', 'what comes before ready is kept', async (server) => {
    const client = await server.connect();
    const ready = client.ready(server);
    const generation = await client.ask(server.phrases.short);
    await ready;
    await client.end(generation, 'completed');
  }),
  check('unknown-fields', 'What you send', 'unlisted fields are ignored', async (server) => {
    const client = await server.session({ hat: 'red', session: 'one-of-long-ago', epoch: 1, lastSeq: 7 });
    const { session, resumed } = await client.message('ready');
    demand(resumed === (session === 'one-of-long-ago'), () => `resumed: ${resumed} with session ${session}`);
  }),
  check('typed-turn', 'What you get', 'answered in text and audio, heard whole', async (server) => {
    const client = await server.session();
    const generation = await client.ask(server.phrases.short);
    await client.state('speaking');
    const { heard } = await client.end(generation, 'completed');
    const text = client.textOf(generation).trim();
    demand(heard === text, () => `heard "${heard}", but the reply was "${text}"`);
    demand(client.frames > 0, () => 'the reply had no audio');
    await client.state('idle');
    await observe(SETTLED_MS);
  }),
  check('played', 'What you send', 'timings.firstPlayed follows from played', async (server) => {
    const client = await server.session();
    const { timings } = await client.end(await client.ask(server.phrases.short), 'completed');
    const stages = Object.keys(timings ?? {});
    demand(stages.includes('firstPlayed'), () => `expected timings.firstPlayed, got ${stages.join(', ')}`);
  }),
  check('audio-turn', 'What you send', 'speech is found, transcribed, answered', async (server) => {
    const client = await server.session();
    await client.say(await server.speech());
    await client.message('speech', ({ event }) => event === 'stop', 'speech stop');
    demand(
      client.all('speech', ({ event }) => event === 'start').length > 0,
      () => 'speech stop without a start',
    );
    const transcript = await client.message('transcript', ({ final }) => final === true);
    demand(transcript.text !== '', () => `the speech was not understood: ${JSON.stringify(transcript)}`);
    const { generation } = await client.message('reply');
    await client.end(Number(generation), 'completed');
  }),
  check('interrupt', 'What you send', 'flush, silence, and heard is a part', async (server) => {
    const client = await server.session();
    const generation = await longReply(client, server);
    client.send({ type: 'interrupt' });
    await interrupted(client, generation);
  }),
  check('new-turn', 'What you get', 'a turn during a reply replaces it', async (server) => {
    const client = await server.session();
    const generation = await longReply(client, server);
    const next = await client.ask(server.phrases.short);
    await interrupted(client, generation);
    await client.end(next, 'completed');
  }),
  check('barge-in', 'What you get', 'speech during a reply interrupts it', async (server) => {
    const client = await server.session();
    const generation = await longReply(client, server);
    await client.say(await server.speech());
    await interrupted(client, generation);
    const isNext = (reply: Message) => Number(reply.generation) > generation;
    const next = await client.message('reply', isNext, 'a reply to the interruption');
    await client.end(Number(next.generation), 'completed');
  }),
  check('halt', 'The voice stop', 'silence until rearm, then turns again', async (server) => {
    const client = await server.session();
    const generation = await longReply(client, server);
    client.send({ type: 'halt' });
    // What the way there and back and this process take shows in the pong.
    client.socket.ping();
    const pong = once(client.socket, 'pong').then(() => realClock.nowMs());
    await client.state('stopped');
    const tookMs = Math.round(realClock.nowMs() - (await pong));
    demand(
      tookMs <= STOP_IN_FORCE_MS + WAY_MS,
      () => `stopped after ${tookMs} ms, at most ${STOP_IN_FORCE_MS}`,
    );
    await interrupted(client, generation);
    client.send({ type: 'text', text: server.phrases.short });
    await client.warning('SESSION_STOPPED');
    client.send({ type: 'rearm' });
    await client.state('idle');
    await client.end(await client.ask(server.phrases.short), 'completed');
  }),
  check('settings', 'Settings', 'a wrong change gets BAD_FIELD, which names it', async (server) => {
    const client = await server.session();
    client.send({
      type: 'settings',
      instructions: 'Be brief.',
      turnDetection: { mode: 'auto', silenceMs: 800 },
    });
    client.send({ type: 'settings', turnDetection: { mode: 'loud' } });
    const { message } = await client.warning('BAD_FIELD');
    demand(String(message).includes('turnDetection'), () => `the error names no field: ${message}`);
    demand(client.all('error').length === 1, () => 'the right change got an error');
  }),
  check('commit', 'Push to talk', 'manual: only commit makes a turn', async (server) => {
    const client = await server.session();
    client.send({ type: 'settings', turnDetection: { mode: 'manual' } });
    await client.say(await server.speech());
    await observe(SETTLED_MS);
    demand(client.all('reply').length === 0, () => 'a reply came before the commit');
    client.send({ type: 'commit' });
    const { generation } = await client.message('reply');
    await client.end(Number(generation), 'completed');
    const finals = client.all('transcript', ({ final }) => final === true).length;
    demand(finals === 1, () => `expected one final transcript, got ${finals}`);
  }),
  check('nothing-to-commit', 'Push to talk', 'commit without speech is refused', async (server) => {
    const client = await server.session();
    client.send({ type: 'commit' });
    await client.warning('NOTHING_TO_COMMIT');
  }),
  check('respond', 'Push to talk', 'say is spoken; during a turn refused', async (server) => {
    const client = await server.session();
    client.send({ type: 'respond', say: 'These are the words.' });
    const { generation } = await client.message('reply');
    client.send({ type: 'respond', say: 'Too early.' });
    await client.warning('TURN_RUNNING');
    const { heard } = await client.end(Number(generation), 'completed');
    demand(heard === 'These are the words.', () => `heard "${heard}"`);
  }),
  check('attention', 'Attention', 'a sleeping robot says so, and a typed turn wakes it', async (server) => {
    const client = await server.session({ attention: 'wake' });
    const are = (...expected: readonly string[]) =>
      client.until(`attention ${expected.join(', ')}`, () => {
        const states = client.all('attention').map(({ state }) => state);
        return states.join() === expected.join() || undefined;
      });
    await are('asleep');
    client.send({ type: 'body', moving: true, noise: -40 });
    await client.end(await client.ask(server.phrases.short), 'completed');
    await are('asleep', 'awake', 'window');
    demand(client.all('error').length === 0, () => 'body got an error');
  }),
  check('action-result', 'Actions', 'results are answered, a second is not taken', async (server) => {
    const client = await server.session();
    const id = await startedAction(client, server);
    const report = (more: object) => client.send({ type: 'action.result', id, ...more });
    report({ status: 'progress', message: 'half way' });
    await actionIs(client, id, 'progress', 'half way');
    report({ status: 'failed', message: 'a wall', data: { leftM: 1 } });
    await actionIs(client, id, 'failed', 'a wall');
    report({ status: 'done' });
    const { message } = await client.warning('ACTION_RESULT_UNEXPECTED');
    demand(String(message).includes(id), () => `the error does not name ${id}: ${message}`);
  }),
  check('action-cancelled', 'Actions', 'interrupt cancels an action', async (server) => {
    const client = await server.session();
    const id = await startedAction(client, server);
    client.send({ type: 'interrupt' });
    await actionIs(client, id, 'cancelled');
  }),
  check('action-halt', 'The voice stop', 'halt cancels an action', async (server) => {
    const client = await server.session();
    const id = await startedAction(client, server);
    client.send({ type: 'halt' });
    await client.state('stopped');
    await actionIs(client, id, 'cancelled');
  }),
  check('text-only', 'Text only', 'a reply without audio', async (server) => {
    const client = await server.session({ output: 'text' });
    await client.end(await client.ask(server.phrases.short), 'completed');
    demand(client.frames === 0, () => `${client.frames} frames of audio came`);
  }),
  check('no-ear', 'What you send', 'only the first audio gets AUDIO_NOT_TAKEN', async (server) => {
    const client = await server.session({ input: 'text' });
    client.send(PCM_20_MS);
    client.send(PCM_20_MS);
    await client.warning('AUDIO_NOT_TAKEN');
    await observe(SETTLED_MS);
    demand(client.all('error').length === 1, () => 'the second audio got an error too');
  }),
  check('warnings', 'Errors and limits', 'an error, and the session goes on', async (server) => {
    const client = await server.session();
    client.send({ type: 'dance' });
    await client.warning('UNKNOWN_TYPE');
    for (const wrong of [
      { type: 'text', text: ' ' },
      { type: 'played', generation: '1', samples: 2 },
      { type: 'hello' },
      new Uint8Array(64),
    ]) {
      const before = client.all('error').length;
      client.send(wrong);
      const code = await client.until(
        `BAD_FIELD for ${JSON.stringify(wrong).slice(0, 80)}`,
        () => client.all('error')[before]?.code,
      );
      demand(
        code === 'BAD_FIELD',
        () => `expected BAD_FIELD for ${JSON.stringify(wrong).slice(0, 80)}, got ${code}`,
      );
    }
    await client.end(await client.ask(server.phrases.short), 'completed');
  }),
  fatal('bad-json', 'invalid JSON', 'BAD_MESSAGE', 4400, (server) => sentLater(server, '{"type":')),
  fatal('odd-audio', 'an odd number of audio bytes', 'BAD_MESSAGE', 4400, (server) =>
    sentLater(server, new Uint8Array(641)),
  ),
  fatal('bad-hello', 'a first message other than hello', 'BAD_HELLO', 4400, (server) =>
    sentFirst(server, '{"type":"text","text":"hello"}'),
  ),
  fatal('strict-hello', 'values of hello are not converted', 'BAD_HELLO', 4400, (server) =>
    sentFirst(server, '{"type":"hello","audio":{"inputRate":"16000"}}'),
  ),
  fatal('early-audio', 'audio before hello', 'AUDIO_BEFORE_HELLO', 4400, (server) =>
    sentFirst(server, PCM_20_MS),
  ),
  fatal('token', 'a wrong token', 'UNAUTHORISED', 4401, async (server) => {
    if (server.token === undefined) throw new NotChecked('needs a server with a token: give --token');
    return sentFirst(server, '{"type":"hello","token":"not the token"}');
  }),
  fatal('no-hello', 'no hello within 5 s', 'HELLO_TIMEOUT', 4408, (server) => server.connect()),
  fatal('oversize', 'a message above 65,536 bytes', 'TOO_LARGE', 4413, (server) =>
    sentLater(server, JSON.stringify({ type: 'text', text: 'x'.repeat(70_000) })),
  ),
  fatal('too-fast', 'audio much faster than real time', 'TOO_FAST', 4429, (server) =>
    sentLater(server, ...Array.from({ length: 100 }, () => PCM_100_MS)),
  ),
  check('ping', 'Errors and limits', 'a ping gets its pong', async (server) => {
    const client = await server.session();
    let pong = '';
    client.socket.on('pong', (data) => {
      pong = data.toString();
    });
    client.socket.ping('are you there?');
    await client.until('a pong with the data of the ping', () => pong === 'are you there?' || undefined);
  }),
  check('bye', 'What you send', 'closes with 1000', async (server) => {
    const client = await server.session();
    client.send({ type: 'bye' });
    const { code } = await client.until('close 1000', () => client.closed);
    demand(code === 1000, () => `expected close 1000, got ${code}`);
  }),
];

function check(name: string, section: string, rule: string, run: Run): Check<ServerSubject> {
  return { name, rule, section, run };
}

/** A check that what `offend` does ends the connection. */
function fatal(
  name: string,
  rule: string,
  code: string,
  close: number,
  offend: (server: ServerSubject) => Promise<TestClient>,
) {
  return check(name, 'Errors and limits', rule, async (server) => (await offend(server)).fatal(code, close));
}

async function sentFirst(server: ServerSubject, message: string | Uint8Array): Promise<TestClient> {
  const client = await server.connect();
  client.send(message);
  return client;
}

async function sentLater(server: ServerSubject, ...messages: (string | Uint8Array)[]): Promise<TestClient> {
  const client = await server.session();
  for (const message of messages) client.send(message);
  return client;
}

/** Starts the long reply, and lets some of it be heard. */
async function longReply(client: TestClient, { phrases }: ServerUnderTest): Promise<number> {
  const generation = await client.ask(phrases.long);
  await client.heard(generation, 800);
  return generation;
}

/** What must come when a reply is interrupted. Audio after the flush is a fault wherever it comes. */
async function interrupted(client: TestClient, generation: number): Promise<void> {
  const isFlush = (flush: Message) => Number(flush.generation) >= generation;
  await client.message('flush', isFlush, `flush of generation ${generation}`);
  const heard = String((await client.end(generation, 'interrupted')).heard);
  const text = client.textOf(generation);
  demand(
    text.startsWith(heard) && heard.length < text.trim().length,
    () => `heard "${heard}" is not a part from the beginning of "${text.slice(0, 80)}…"`,
  );
  await observe(SETTLED_MS);
}

async function startedAction(client: TestClient, { phrases }: ServerUnderTest): Promise<string> {
  client.send({ type: 'text', text: phrases.action });
  const expected = `an action that "${phrases.action}" starts`;
  const first = await client.until(expected, () => client.all('action')[0] ?? client.all('reply.end')[0]);
  if (first.type !== 'action') throw new NotChecked(`"${phrases.action}" started no action: give --action`);
  demand(first.status === 'started', () => `the first status of the action was ${first.status}`);
  return String(first.id);
}

function actionIs(client: TestClient, id: string, status: string, message?: string): Promise<Message> {
  const matches = (action: Message) =>
    action.id === id && action.status === status && action.message === message;
  return client.message('action', matches, `action ${id} ${status}${message ? ` with "${message}"` : ''}`);
}
