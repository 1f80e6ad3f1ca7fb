import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { percentile } from '../../statistics.ts';
import { bargeIns } from '../load/analysis.ts';
import { type BenchProcess, startProcess } from '../load/child-process.ts';
import {
  afterTranscriptMs,
  type Calls,
  callsById,
  replyParts,
  tokensWaitedFor,
} from '../load/reply-parts.ts';
import { type EnginesReport, type LoadPlan, type Usage, usage } from '../load/reports.ts';
import { ENDPOINT_MS, type World } from '../load/world.ts';
import { type Row, spreadRow, valueRow } from '../report/rows.ts';
import { shown } from '../report/table.ts';
import { type BenchContext, type Benchmark, startWorld } from './benchmark.ts';
import { interruptEvery } from './conversations.ts';

const PEER = '@livekit/agents 1.9.0';
/** Rounds at each size, in which both systems alternate; one if a single load has hundreds of turns. */
const ROUNDS = 2;
const MANY = 50;
const SIZES = [1, 20, 50];
const QUICK_SIZES = [1, 5];
const MEGABYTE = 1_048_576;

const seenByPeer = z.object({ words: z.string(), firstFrameMs: z.number(), spokenMs: z.number().optional() });
const peerReport = z.object({
  sessions: z.array(
    z.object({ replies: z.array(seenByPeer), bargeIns: z.array(z.number()), errors: z.array(z.string()) }),
  ),
  measureFromMs: z.number(),
});

interface SeenReply {
  readonly words: string;
  readonly firstFrameMs?: number | undefined;
  readonly spokenMs?: number | undefined;
}

/** Results of one system in all its rounds of one size. */
interface Seen {
  /** The engines' calls by the id of the turn. */
  readonly calls: Map<string, Calls>;
  /** Replies that began while every session was under way. */
  readonly replies: SeenReply[];
  readonly cleared: number[];
  readonly cores: number[];
  readonly megabytes: number[];
}
type Plan = Omit<LoadPlan, 'url' | 'speechFile'>;

/** The same users and engines with another framework. */
export const peerBenchmark: Benchmark = {
  name: 'peer',
  run: async (context) => {
    const { quick } = context.options;
    const script = await install(context);
    const world = await startWorld(context, { bus: 'in-process', collects: true });
    const peer = startProcess({
      module: script,
      nodeFlags: ['--expose-gc'],
      env: { PARLEY_BENCH_LOAD: new URL('../load', import.meta.url).href },
    });
    context.stopAtEnd(peer);
    const talk = { does: 'talk' } as const;
    const warmUp = {
      ...talk,
      interruptEvery: 2,
      sessions: 5,
      rampMs: 1_000,
      measureMs: quick ? 2_000 : 6_000,
    };
    context.progress('warm-up of both');
    await world.load(warmUp);
    await loadPeer(peer, world, warmUp);

    const rows: Row[] = [];
    const notes: string[] = [];
    for (const sessions of quick ? QUICK_SIZES : SIZES) {
      const ours = nothingSeen();
      const theirs = nothingSeen();
      const plan = {
        ...talk,
        interruptEvery: interruptEvery(sessions),
        sessions,
        rampMs: sessions === 1 ? 0 : 4_000,
        measureMs: quick ? 5_000 : sessions === 1 ? 30_000 : 11_000,
      };
      for (let round = 1; round <= (sessions >= MANY ? 1 : ROUNDS); round++) {
        context.progress(`${sessions} sessions, round ${round}: Parley`);
        await measureParley(world, plan, ours);
        context.progress(`${sessions} sessions, round ${round}: ${PEER}`);
        await measurePeer(peer, world, plan, theirs);
      }
      rows.push(...rowsOf(sessions, ours, theirs));
      for (const [name, { replies, cores }] of [
        ['Parley', ours],
        [PEER, theirs],
      ] as const)
        if (replies.length === 0)
          notes.push(
            `${name} answered nobody at ${sessions} sessions within the load; its process took ${shown(middle(cores) * sessions)} % of a core`,
          );
    }
    return {
      name: 'peer',
      method: [
        `Parley and ${PEER} (AgentSession without a room, its OpenAI and Silero plugins, a streaming TTS) in turns: same users, speech, engines and endpoint`,
        'silence. Own share: transcript → first audio less the engines’ time, that of the tokens each waits for included: VADs and segmenters differ.',
      ],
      rows,
      notes: [
        ...notes,
        `${PEER}’s own OpenAI TTS plugin waits for a segment’s whole audio; to be fair it is given one that plays what has come`,
        `${PEER} runs without a transport: its audio comes and goes by function calls within its process, Parley’s over WebSockets to another process, in CPU and delay alike`,
        `what ${PEER} is given: preemptive generation with speech, endpointing delay 0 after its VAD’s ${ENDPOINT_MS} ms, interruption after 50 ms of speech, no echo warm-up, one VAD model for all sessions`,
      ],
    };
  },
};

async function measureParley(world: World, plan: Plan, seen: Seen): Promise<void> {
  const before = await world.usage(true);
  const result = await world.load(plan);
  const replies = result.clients.sessions.flatMap(({ replies }) => replies);
  note(seen, result.engines, replies, result.clients.measureFromMs);
  seen.cleared.push(...bargeIns(result).map(({ clearedMs }) => clearedMs));
  cost(seen, plan, before, result.usage);
}

async function measurePeer(peer: BenchProcess, world: World, plan: Plan, seen: Seen): Promise<void> {
  await world.takeEngines();
  const { before, report, measured } = await loadPeer(peer, world, plan);
  note(
    seen,
    await world.takeEngines(),
    report.sessions.flatMap(({ replies }) => replies),
    report.measureFromMs,
  );
  seen.cleared.push(...report.sessions.flatMap((session) => session.bargeIns));
  cost(seen, plan, before, measured);
}

async function loadPeer(peer: BenchProcess, world: World, plan: Plan) {
  const ask = async () => usage.parse(await peer.ask('usage', undefined));
  const before = await ask();
  const running = peer.ask(
    'run',
    {
      engines: world.engines,
      endpointMs: ENDPOINT_MS,
      plan: { ...plan, url: '', speechFile: world.speechFile },
    },
    plan.rampMs + plan.measureMs + 60_000,
  );
  const samples: Usage[] = [];
  let going = true;
  const watching = (async () => {
    await later(plan.rampMs + 500);
    while (going) {
      samples.push(await ask());
      await later(500);
    }
  })();
  const report = peerReport.parse(
    await running.finally(() => {
      going = false;
    }),
  );
  await watching;
  const [from = before, to = before] = [samples[0], samples.at(-1)];
  const peakResidentBytes = Math.max(...samples.map(({ residentBytes }) => residentBytes));
  return { before, report, measured: { from, to, peakResidentBytes } };
}

function note(seen: Seen, engines: EnginesReport, replies: readonly SeenReply[], fromMs: number): void {
  for (const [id, calls] of callsById(engines)) seen.calls.set(id, calls);
  seen.replies.push(...replies.filter(({ firstFrameMs = 0 }) => firstFrameMs >= fromMs));
}

function cost(
  seen: Seen,
  { sessions }: Plan,
  before: Usage,
  { from, to, peakResidentBytes }: { from: Usage; to: Usage; peakResidentBytes: number },
): void {
  seen.cores.push((100 * (to.cpuMs - from.cpuMs)) / Math.max(1, to.atMs - from.atMs) / sessions);
  seen.megabytes.push((peakResidentBytes - before.residentBytes) / MEGABYTE / sessions);
}

function nothingSeen(): Seen {
  return { calls: new Map(), replies: [], cleared: [], cores: [], megabytes: [] };
}

function rowsOf(sessions: number, ours: Seen, theirs: Seen): Row[] {
  const both = (what: string, pick: (seen: Seen) => number[]) => [
    spreadRow({ what: `${what}, Parley`, sessions }, 'ms', pick(ours)),
    spreadRow({ what: `${what}, ${PEER}`, sessions }, 'ms', pick(theirs)),
    valueRow({ what: '· times Parley’s median', sessions }, '×', middle(pick(theirs)) / middle(pick(ours))),
  ];
  const each = (what: string, unit: string, pick: (seen: Seen) => number) => [
    valueRow({ what: `${what}, Parley`, sessions }, unit, pick(ours)),
    valueRow({ what: `${what}, ${PEER}`, sessions }, unit, pick(theirs)),
  ];
  return [
    ...both('own share', shares),
    ...both('end of speech → audio', waits),
    ...both('VAD → silence', (seen) => seen.cleared),
    ...each('tokens waited for', '', ({ calls }) => tokensWaitedFor(calls) ?? Number.NaN),
    ...each('CPU a session', '% of a core', (seen) => middle(seen.cores)),
    ...each('memory a session', 'MB', (seen) => middle(seen.megabytes)),
  ];
}

function shares({ calls, replies }: Seen): number[] {
  const tokens = tokensWaitedFor(calls);
  return replies.flatMap((reply) => {
    const parts = replyParts(calls, reply, tokens);
    return parts ? [afterTranscriptMs(parts)] : [];
  });
}

function waits({ replies }: Seen): number[] {
  return replies.flatMap(({ firstFrameMs, spokenMs }) =>
    firstFrameMs !== undefined && spokenMs !== undefined ? [firstFrameMs - spokenMs] : [],
  );
}

function middle(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Copies the peer's files into the cache and installs their dependencies, once. Resolves with the file to run. */
async function install(context: BenchContext): Promise<string> {
  if (import.meta.url.endsWith('.ts')) throw new Error('the peer is driven by compiled code: npm run bench');
  const root = fileURLToPath(new URL('../../../..', import.meta.url));
  const source = join(root, 'bench', 'peers', 'livekit');
  const folder = join(root, 'node_modules', '.cache', 'parley-bench', 'livekit');
  await mkdir(folder, { recursive: true });
  for (const name of ['package.json', 'session.mjs', 'streaming-tts.mjs', 'run.mjs'])
    await cp(join(source, name), join(folder, name));
  const installed = await stat(join(folder, 'node_modules', '@livekit', 'agents')).catch(() => undefined);
  if (!installed) {
    context.progress(`installing ${PEER} into ${pathToFileURL(folder).pathname} (once, about 500 MB)`);
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
    const npm = spawn('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = await once(npm, 'exit');
    if (code !== 0) throw new Error(`npm install of the peer ended with ${code}`);
  }
  return join(folder, 'run.mjs');
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
