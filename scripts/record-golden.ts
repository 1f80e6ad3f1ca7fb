// Records the golden journals: real conversations with a real server, spoken with eSpeak, as files of test/golden/.
// npx tsx scripts/record-golden.ts [name...]
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { realClock } from '../adapters/real-clock.ts';
import { sqliteStore } from '../adapters/store/sqlite.ts';
import type { ServerMessage } from '../machines/wire.ts';
import { VoiceClient } from '../server/client/voice-client.ts';
import { journalLines } from '../server/journal-file.ts';
import { machineHash } from '../server/machine-hash.ts';
import { replayHere } from '../server/replay/replay.ts';
import { type ParleyProcess, parley } from '../test/support/processes.ts';
import { speak } from '../test/support/speech.ts';
import { chatReply, openaiServer } from '../testing/loopback/mod.ts';
import { startNatsServer } from '../testing/nats-server.ts';

const golden = fileURLToPath(new URL('../test/golden/', import.meta.url));
const PATIENCE_MS = 60_000;

/** The environment of a scenario. */
interface Stage {
  readonly client: VoiceClient;
  /** Resolves with the first message from now on that matches. */
  until(matches: (message: ServerMessage) => boolean): Promise<void>;
  /** The worker that serves the engines, if the scenario has one. */
  readonly worker?: ParleyProcess;
}

interface Scenario {
  readonly flags?: readonly string[];
  /** The client reports the results of its actions. */
  readonly reports?: true;
  /** The language engine is an HTTP server that lists its model and fails each request. */
  readonly llmFails?: true;
  /** The language engine's delay to its first token, in ms. */
  readonly llmFirstTokenMs?: number;
  /** Engines in a separate worker process, over a NATS server. */
  readonly overNats?: true;
  readonly plays: (stage: Stage) => Promise<void>;
}

const ended = (message: ServerMessage) => message.type === 'reply.end';
const completed = (message: ServerMessage) => message.type === 'reply.end' && message.reason === 'completed';
const speaking = (message: ServerMessage) => message.type === 'state' && message.value === 'speaking';

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  spoken: {
    async plays({ client, until }) {
      for (const line of ['hello', 'what is your name', 'go forward']) {
        await Promise.all([until(ended), client.say(speak(line))]);
        await client.wait(500);
      }
    },
  },
  'barge-in': {
    async plays({ client, until }) {
      await Promise.all([until(speaking), client.say(speak('tell me a story'))]);
      await client.wait(1_000);
      // A backchannel: the reply is paused and resumes.
      await Promise.all([
        until((message) => message.type === 'playback' && message.state === 'playing'),
        client.say(speak('uh-huh')),
      ]);
      await client.wait(800);
      await Promise.all([until(completed), client.say(speak('tell me a joke'))]);
      client.send({ type: 'text', text: 'tell me a story' });
      await until(speaking);
      await client.wait(1_000);
      client.send({ type: 'halt' });
      await until((message) => message.type === 'state' && message.value === 'stopped');
      client.send({ type: 'rearm' });
      await until((message) => message.type === 'state' && message.value === 'idle');
    },
  },
  'failing-engine': {
    llmFails: true,
    async plays({ client, until }) {
      await Promise.all([until(ended), client.say(speak('what is your name'))]);
      client.send({ type: 'text', text: 'and now?' });
      await until(ended);
    },
  },
  filler: {
    llmFirstTokenMs: 3_000,
    async plays({ client, until }) {
      // Fillers are prepared before the other fixed phrases.
      await client.wait(2_000);
      await Promise.all([until(completed), client.say(speak('what is your name'))]);
      // The user coughs during one reply, and interrupts another.
      client.send({ type: 'text', text: 'and now?' });
      await until(speaking);
      await Promise.all([
        until((message) => message.type === 'playback' && message.state === 'playing'),
        client.say(speak('uh-huh')),
      ]);
      await until(completed);
      client.send({ type: 'text', text: 'one more' });
      await until(speaking);
      client.send({ type: 'interrupt' });
      await until(ended);
    },
  },
  lasting: {
    flags: ['--dialog', fileURLToPath(new URL('../test/support/lasting.dialog.yaml', import.meta.url))],
    reports: true,
    async plays({ client, until }) {
      const id = () =>
        client.arrivals.flatMap(({ message }) => (message.type === 'action' ? [message.id] : [])).at(-1) ??
        '';
      client.send({ type: 'text', text: 'go home' });
      await until(ended);
      // It runs on through another turn, until a newer one replaces it.
      await Promise.all([until(ended), client.say(speak('what is your name'))]);
      await Promise.all([until(ended), client.say(speak('go to the kitchen'))]);
      client.send({ type: 'action.result', id: id(), status: 'progress', message: 'half way' });
      client.send({
        ...{ type: 'action.result', id: id(), status: 'failed' },
        ...{ message: 'something is in the way', data: { leftM: 2 } },
      });
      await until(ended);
      await Promise.all([until(speaking), client.say(speak('play some music'))]);
      await client.wait(1_000);
      client.send({ type: 'halt' });
      await until((message) => message.type === 'state' && message.value === 'stopped');
    },
  },
  attentive: {
    flags: [
      ...['--dialog', fileURLToPath(new URL('../test/support/attentive.dialog.yaml', import.meta.url))],
      ...['--attention.mode', 'wake', '--attention.window-ms', '3000', '--voice-stop.listen', 'always'],
    ],
    async plays({ client, until }) {
      const asleep = () => until((message) => message.type === 'attention' && message.state === 'asleep');
      const said = (text: string) => speak(text, { voice: 'en-us' });
      // Asleep: not for the robot.
      await client.say(said('what is your name'));
      await client.wait(1_500);
      await Promise.all([until(ended), client.say(said('hey robot, go forward'))]);
      // It asks back; the action moves it.
      await Promise.all([until(ended), client.say(said('yes'))]);
      client.send({ type: 'body', moving: true, noise: -30 });
      await Promise.all([until(speaking), client.say(said('tell me a story'))]);
      await client.wait(800);
      client.send({ type: 'body', moving: false });
      await Promise.all([
        until((message) => message.type === 'state' && message.value === 'stopped'),
        client.say(said('stop')),
      ]);
      client.send({ type: 'rearm' });
      await asleep();
    },
  },
  'worker-death': {
    flags: ['--engines', 'remote'],
    overNats: true,
    async plays({ client, until, worker }) {
      await Promise.all([until(ended), client.say(speak('hello'))]);
      client.send({ type: 'text', text: 'tell me a story' });
      await until(speaking);
      await client.wait(1_000);
      await Promise.all([until(ended), worker?.kill()]);
    },
  },
};

async function record(name: string, scenario: Scenario): Promise<void> {
  const { flags = [], reports, llmFails, llmFirstTokenMs, overNats, plays } = scenario;
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-golden-'));
  const closers: (() => Promise<unknown>)[] = [async () => rmSync(dataDir, { recursive: true, force: true })];
  try {
    const nats = overNats ? await startNatsServer() : undefined;
    if (nats) closers.push(() => nats.stop());
    const env = nats ? { NATS_URL: nats.url } : {};
    const llm = llmFails
      ? await brokenServer()
      : llmFirstTokenMs === undefined
        ? undefined
        : await slowServer(llmFirstTokenMs);
    if (llm) closers.push(llm.close);
    const engine = llm ? ['--engines.llm', 'openai', '--llm.openai.base-url', llm.url] : [];
    const worker = nats ? parley(['worker'], env) : undefined;
    if (worker) {
      closers.push(() => worker.kill());
      await worker.line(/worker serves/u);
    }
    const server = parley(['serve', '--port', '0', '--data-dir', dataDir, ...engine, ...flags], env);
    closers.push(() => server.stop());
    const [, url = ''] = await server.line(/listens on (\S+)/u);
    const manners = reports ? { actions: 'results' as const } : {};
    const client = await VoiceClient.connect({ url, clock: realClock, manners });
    const until: Stage['until'] = async (matches) => {
      const found = await client.waitFor(matches, { since: client.arrivals.length, timeoutMs: PATIENCE_MS });
      if (!found) throw new Error(`${name}: the expected message did not arrive`);
    };
    await client.wait(300);
    await plays({ client, until, ...(worker ? { worker } : {}) });
    await client.wait(300);
    await client.close();
    await server.stop();
    await write(name, dataDir);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function slowServer(firstMs: number): Promise<{ url: string; close: () => Promise<unknown> }> {
  const tokens = ['My name is Parley. ', 'I think for a while ', 'before I speak.'];
  const server = await openaiServer({ chat: () => chatReply(tokens, { firstMs, perTokenMs: 30 }) });
  return { url: server.baseURL, close: () => server.close() };
}

async function brokenServer(): Promise<{ url: string; close: () => Promise<unknown> }> {
  const server = createServer(({ method }, response) => {
    response.writeHead(method === 'POST' ? 500 : 200, { 'content-type': 'application/json' });
    response.end(
      method === 'POST' ? '{"error":{"message":"broken"}}' : '{"id":"gpt-4o-mini","object":"model"}',
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function write(name: string, dataDir: string): Promise<void> {
  const store = sqliteStore({ path: join(dataDir, 'parley.db') });
  try {
    const [only] = await store.journals();
    if (!only) throw new Error(`${name}: nothing was journaled`);
    const journal = await store.readJournal(only.session);
    const report = replayHere(journal, machineHash());
    if (!report.matches) throw new Error(`${name}: ${report.message}`);
    mkdirSync(golden, { recursive: true });
    writeFileSync(join(golden, freeName(name)), [...journalLines({ journal, audio: [] })].join(''));
    console.log(`${name}: ${journal.records.length} records`);
  } finally {
    await store.close();
  }
}

/** Golden journals are never replaced: a new recording gets a new name. */
function freeName(name: string): string {
  for (let version = 1; ; version++) {
    const file = version === 1 ? `${name}.jsonl` : `${name}-${version}.jsonl`;
    if (!existsSync(join(golden, file))) return file;
  }
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SCENARIOS);
for (const name of names) {
  const scenario = SCENARIOS[name];
  if (!scenario) throw new Error(`unknown scenario ${name}`);
  await record(name, scenario);
}
