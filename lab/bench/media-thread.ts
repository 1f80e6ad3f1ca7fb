/** What a thread for the microphones' audio would take off the main thread, and what it would cost: ears of the product with Silero, fed as sockets feed them, in the main thread and in a thread beside it.
 * `node dist/lab/bench/media-thread.js --sessions 50 --seconds 10 --rounds 3`
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { openEar } from '../../actors/ear/ear.ts';
import { InputAudio } from '../../actors/ear/input-audio.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { sileroVad } from '../../adapters/vad/silero.ts';
import { FRAME_MS, PIPELINE_RATE, samplesPerFrame } from '../../machines/audio.ts';
import { percentile } from '../statistics.ts';
import { speechFile } from './load/speech-file.ts';
import { userFrames } from './load/user-frames.ts';

/** The audio of one turn of the event loop: sessions, and their frames one after another. */
interface Batch {
  readonly sessions: readonly number[];
  readonly pcm: Uint8Array;
}

const BYTES = 2 * samplesPerFrame(PIPELINE_RATE);

/** Ears by session, made when their first audio comes. `emit` gets what they hear. */
function ears(emit: (session: number, event: object) => void) {
  const vad = sileroVad();
  const open = new Map<number, ReturnType<typeof openEar>>();
  return (session: number, pcm: Uint8Array) => {
    let ear = open.get(session);
    if (!ear) {
      const audio = new InputAudio(2 * PIPELINE_RATE, () => Number.POSITIVE_INFINITY);
      ear = openEar({ vad, audio, clock: realClock, emit: (event) => emit(session, event) });
      open.set(session, ear);
    }
    ear.hear(pcm, undefined);
  };
}

if (isMainThread) await measureAll();
else {
  const hear = ears((session, event) => parentPort?.postMessage({ session, event }));
  parentPort?.on('message', ({ sessions, pcm }: Batch) => {
    for (const [index, session] of sessions.entries())
      hear(session, pcm.subarray(index * BYTES, (index + 1) * BYTES));
  });
}

async function measureAll(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sessions: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const sessions = Number(values.sessions);
  const { quiet, phrase } = userFrames(await speechFile());
  // A quarter of the time is speech, as in the other benchmarks.
  const turn = [...phrase, ...Array.from({ length: 3 * phrase.length }, (_, at) => quiet[at % quiet.length])];
  for (const { what, every } of [
    { what: 'a quiet room', every: quiet },
    { what: 'a quarter speech', every: turn },
  ]) {
    const costs: Record<'main' | 'thread', { main: number[]; all: number[] }> = {
      main: { main: [], all: [] },
      thread: { main: [], all: [] },
    };
    for (let round = 0; round < Number(values.rounds); round++)
      for (const where of ['main', 'thread'] as const) {
        const cost = await measure(where, sessions, Number(values.seconds), (session, at) =>
          Buffer.from(every[(at + session * 37) % every.length] ?? []),
        );
        costs[where].main.push(cost.main);
        costs[where].all.push(cost.all);
      }
    for (const where of ['main', 'thread'] as const)
      console.log(
        `${what}, ears in the ${where === 'main' ? 'main thread' : 'thread beside it'}: main thread ${percentile(costs[where].main, 0.5).toFixed(3)}, all ${percentile(costs[where].all, 0.5).toFixed(3)} % of a core a session (${costs[where].all.map((one) => one.toFixed(3)).join(', ')})`,
      );
  }
  process.exit(0);
}

/** % of a core for a session, of the main thread and of all. */
async function measure(
  where: 'main' | 'thread',
  sessions: number,
  seconds: number,
  frame: (session: number, at: number) => Buffer,
): Promise<{ readonly main: number; readonly all: number }> {
  const worker = where === 'thread' ? new Worker(new URL(import.meta.url)) : undefined;
  worker?.on('message', () => {});
  const hear = worker ? undefined : ears(() => {});
  const spacingMs = FRAME_MS / sessions;
  const beginMs = performance.now();
  let sent = 0;
  /** Sends what is due, as sockets would have it ready in one turn of the event loop. */
  const run = async (untilMs: number) => {
    for (let nowMs = performance.now(); nowMs < untilMs; nowMs = performance.now()) {
      const due: { session: number; pcm: Buffer }[] = [];
      for (; beginMs + sent * spacingMs <= nowMs; sent++)
        due.push({ session: sent % sessions, pcm: frame(sent % sessions, Math.floor(sent / sessions)) });
      if (hear) for (const { session, pcm } of due) hear(session, pcm);
      else if (due.length > 0) {
        const pcm = new Uint8Array(due.length * BYTES);
        for (const [index, one] of due.entries()) pcm.set(one.pcm, index * BYTES);
        const batch: Batch = { sessions: due.map(({ session }) => session), pcm };
        worker?.postMessage(batch, [pcm.buffer]);
      }
      await pause(1);
    }
  };
  await run(beginMs + 4_000);
  const [main, all] = [mainThreadMs(), process.cpuUsage()];
  const fromMs = performance.now();
  await run(fromMs + 1_000 * seconds);
  const { user, system } = process.cpuUsage(all);
  const share = 100 / (performance.now() - fromMs) / sessions;
  const result = { main: (mainThreadMs() - main) * share, all: ((user + system) / 1_000) * share };
  await worker?.terminate();
  return result;
}

/** Processor time of the main thread, as Linux counts it. */
function mainThreadMs(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}
