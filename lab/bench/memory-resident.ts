/**
 * Memory of a server as `npm start` starts it, with the embedded engines, while clients in this process speak to it: of the
 * whole process with 0, 2, 4, 8 and 12 sessions, and of each thread at the end. Linux only.
 * `node dist/lab/bench/memory-resident.js [--root FOLDER]… [--flags "…"] [--sessions 2,4,8,12] [--turns 3] [--threads]`
 * Several roots (clones that are built) are measured one after the other.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { speaker } from '../../server/demo/user-voice.ts';
import { percentile } from '../statistics.ts';
import { mappings, processMemory } from './memory/process.ts';
import { type StartedServer, startServer } from './memory/server.ts';
import { threadMemory } from './memory/threads.ts';
import { loadAverage, machine } from './report/machine.ts';

/** What each user says; the embedded dialog understands all but the last. */
const SENTENCES = ['what is your name', 'what can you do', 'please tell me about the weather on mars'];
const VOICE = 'en-us+m3';
const REPLY_MS = 20_000;
/** After the last reply: the recorder writes, and idle threads collect. */
const SETTLE_MS = 3_000;
const STAGGER_MS = 350;
const CONNECT_TRIES = 20;
const MAPPINGS = 8;

const { values } = parseArgs({
  options: {
    root: { type: 'string', multiple: true },
    flags: { type: 'string' },
    sessions: { type: 'string', default: '2,4,8,12' },
    turns: { type: 'string', default: '3' },
    threads: { type: 'boolean', default: false },
  },
});
const here = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../..' : '../../..', import.meta.url));
const roots = values.root ?? [here];
const steps = values.sessions.split(',').map(Number);
const turns = Number(values.turns);
const megabytes = (bytes: number) => (bytes / 1_000_000).toFixed(1);

/** Tries again while the server admits no new session, as it does on a busy machine. */
async function connect(url: string, user: string, tries = CONNECT_TRIES): Promise<VoiceClient> {
  try {
    return await VoiceClient.connect({ url, user });
  } catch (error) {
    if (!(error instanceof ParleyError) || error.code !== 'OVERLOADED' || tries === 1) throw error;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return connect(url, user, tries - 1);
  }
}

async function talk(client: VoiceClient, spoken: readonly Pcm<PipelineRate>[], at: number) {
  await client.wait((at % 8) * STAGGER_MS);
  const firstAudioMs: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const words = spoken[(at + turn) % spoken.length];
    if (!words) continue;
    const since = client.arrivals.length;
    await client.say(words);
    const end = await client.waitFor(({ type }) => type === 'reply.end', { since, timeoutMs: REPLY_MS });
    const ms = end?.message.type === 'reply.end' ? end.message.timings.firstAudio : undefined;
    if (ms !== undefined) firstAudioMs.push(ms);
  }
  return firstAudioMs;
}

function row(name: string, { pid }: StartedServer, firstAudioMs: readonly number[]): void {
  const { resident, peak, proportional, anonymous, threads } = processMemory(pid);
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(firstAudioMs, share).toFixed(0));
  const speed = firstAudioMs.length > 0 ? `${firstAudioMs.length}: ${p50} / ${p99}` : '';
  const columns = [resident, peak, proportional, anonymous].map(megabytes);
  console.log(`| ${[name, ...columns, threads, speed].join(' | ')} |`);
}

async function measure(root: string, spoken: readonly Pcm<PipelineRate>[]): Promise<void> {
  const server = await startServer(root, values.flags?.split(' '));
  const clients: VoiceClient[] = [];
  try {
    console.log(`\n${root}${values.flags === undefined ? '' : ` with ${values.flags}`}\n`);
    console.log(
      '| sessions | RSS, MB | peak | PSS | anonymous | threads | first audio: replies, p50 / p99, ms |',
    );
    console.log('|---|---|---|---|---|---|---|');
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    row('0', server, []);
    for (const sessions of steps) {
      while (clients.length < sessions) clients.push(await connect(server.url, `user-${clients.length}`));
      const talks = await Promise.all(clients.map((client, at) => talk(client, spoken, at)));
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      row(`${sessions}`, server, talks.flat());
    }
    if (values.threads) await byThread(server);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await server.stop();
  }
}

async function byThread(server: StartedServer): Promise<void> {
  const largest = [...mappings(server.pid)].sort(([, a], [, b]) => b - a).slice(0, MAPPINGS);
  console.log('\n| mapping | RSS, MB |\n|---|---|');
  for (const [name, bytes] of largest) console.log(`| ${name} | ${megabytes(bytes)} |`);
  console.log('\n| thread | heap, MB | used | young | buffers | wasm |\n|---|---|---|---|---|---|');
  for (const { name, heap, used, young, buffers, wasm } of await threadMemory(await server.inspect())) {
    const columns = [heap, used, young, buffers].map(megabytes);
    console.log(`| ${[name, ...columns, wasm.map(megabytes).join(' + ')].join(' | ')} |`);
  }
}

const voice = espeakTts({ voice: VOICE });
const say = await speaker(voice);
const spoken: Pcm<PipelineRate>[] = [];
for (const sentence of SENTENCES) spoken.push(await say(sentence));
await voice.close();
console.log(JSON.stringify({ ...machine(), load: loadAverage(), turnsOfEach: turns }));
for (const root of roots) await measure(root, spoken);
console.log(`\nload ${loadAverage()} at the end`);
