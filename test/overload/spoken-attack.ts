/** The attack of many talkers with tokens on one server, in real processes: server, engines, talkers, and this one with the bystanders. */

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { realClock } from '../../adapters/real-clock.ts';
import { startProcess } from '../../lab/bench/load/child-process.ts';
import { speechFile } from '../../lab/bench/load/speech-file.ts';
import { parseJson } from '../../machines/json.ts';
import type { ServerMessage } from '../../machines/wire.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { overloadOptions } from '../../server/degradation/options.ts';
import { TestClient } from '../../server/door/door-test-util.ts';
import { defaultDoorLimits } from '../../server/door/limits.ts';
import { type ParleyProcess, parley } from '../support/processes.ts';
import { type TalkersPlan, type TalkersReport, talkers } from './talkers.ts';

export interface AttackPlan {
  readonly talkers: number;
  readonly bystanders: number;
  /** Duration of the attack, in ms. */
  readonly attackMs: number;
  /** Configuration of the server, as flags. */
  readonly flags?: readonly string[];
  /** Processors of the server, and of all others, as `taskset -c` takes them. Default: all. */
  readonly cpus?: { readonly server: string; readonly others: string };
}

export interface AttackReport {
  readonly attackers: TalkersReport;
  readonly bystanders: TalkersReport;
  /** New clients that came during the attack: `admitted`, `hung`, or the code of the error with the advice. */
  readonly newcomers: readonly string[];
  /** Levels of overload that the server went through, and why. */
  readonly levels: readonly { readonly level: number; readonly why: string; readonly atMs: number }[];
  /** Health checks during the attack that failed. */
  readonly unhealthy: number;
  /** Failed replies: as counted by the server, and as logged with a code. */
  readonly failedReplies: { readonly counted: number; readonly logged: number };
  readonly halt: {
    /** From the client's command to the state `stopped`; undefined if it never came. */
    readonly roundTripMs: number | undefined;
    /** As measured by the server, from the arrival of the command. */
    readonly slowestMs: number;
    readonly stopsFailed: number;
    readonly framesAfter: number;
  };
  /** From the end of the attack until a new client got a reply, and until nothing was left out any more, in ms. */
  readonly recoveredMs: number;
  readonly calmMs: number;
  /** The server's warnings and errors, each with how often. */
  readonly logged: Readonly<Record<string, number>>;
  /** 95th percentile of the event loop's lateness over the whole run, in ms. */
  readonly loopDelayMs: number;
}

const TOKEN = 'of all clients';
const PATIENCE_MS = 60_000;
/** As users have them; other servers of tests have none. */
const LIMITS = [
  `--limits.new-sessions=${defaultDoorLimits.newSessions}`,
  `--overload.worse-ms=${overloadOptions.parse({}).worseMs}`,
  `--limits.loop-delay-ms=${defaultDoorLimits.loopDelayMs}`,
];
/** The bystanders talk alone for this long before the attack. */
const CALM_MS = 6_000;
const NEWCOMER_EVERY_MS = 1_000;

export async function spokenAttack(plan: AttackPlan): Promise<AttackReport> {
  const cleanups: (() => Promise<unknown>)[] = [];
  try {
    return await run(plan, cleanups);
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

async function run(plan: AttackPlan, cleanups: (() => Promise<unknown>)[]): Promise<AttackReport> {
  const { server, url } = await startServer(plan, cleanups);
  const attackers = startProcess({
    module: fileURLToPath(new URL('./talkers-process.ts', import.meta.url)),
  });
  cleanups.push(() => attackers.stop());
  const shared = { url, token: TOKEN, speechFile: await speechFile() };
  const talkMs = CALM_MS + plan.attackMs;
  const halting = await connect(url);
  const bystanders = talkers({ ...shared, talkers: plan.bystanders, talkMs });
  await pause(CALM_MS);

  const endMs = realClock.nowMs() + plan.attackMs;
  const attack: TalkersPlan = { ...shared, talkers: plan.talkers, talkMs: plan.attackMs };
  const attacked = attackers.ask('talk', attack, plan.attackMs + 2 * PATIENCE_MS);
  const watched = watch(url, endMs);
  await pause(plan.attackMs / 2);
  const halt = await haltWhileSpeaking(halting, endMs);
  const { newcomers, unhealthy } = await watched;
  const overMs = realClock.nowMs();
  const recovered = recover(url);
  const reports = { bystanders: await bystanders, attackers: (await attacked) as TalkersReport };
  const recoveredMs = (await recovered) - overMs;
  let metrics = await metricsOf(url);
  while (readingOf(metrics, 'parley_degradation_level') > 0) {
    await pause(200);
    metrics = await metricsOf(url);
  }
  const calmMs = realClock.nowMs() - overMs;
  const reading = (name: string) => readingOf(metrics, name);
  return {
    ...reports,
    ...{ newcomers, calmMs, levels: levelsOf(server.lines) },
    unhealthy,
    failedReplies: {
      counted: reading('parley_turns_total{reason="failed"}'),
      logged: server.lines.filter((line) => /"code":"\w+".*a reply failed/u.test(line)).length,
    },
    halt: {
      ...halt,
      slowestMs: reading('parley_slowest_stop_seconds') * 1_000,
      stopsFailed: reading('parley_stops_failed_total'),
    },
    recoveredMs,
    logged: warningsOf(server.lines),
    loopDelayMs: percentile95(metrics) * 1_000,
  };
}

async function metricsOf(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).text();
}

function readingOf(metrics: string, name: string): number {
  const found = metrics.split('\n').find((line) => line.startsWith(`${name} `));
  return Number(found?.split(' ').at(-1) ?? 0);
}

/** The server's own account of its overload. */
const step = z.object({ degradation: z.number(), msg: z.string(), time: z.number() });

function levelsOf(lines: readonly string[]): AttackReport['levels'] {
  return lines.flatMap((line) => {
    const { data } = step.safeParse(parseJson(line));
    return data ? [{ level: data.degradation, why: data.msg, atMs: data.time }] : [];
  });
}

/** Binds what this process starts from now on, and its own thread, to these processors. */
function bindTo(cpus: string | undefined): void {
  if (cpus !== undefined) execFileSync('taskset', ['-cp', cpus, String(process.pid)]);
}

async function startServer(
  { talkers, flags = [], cpus }: AttackPlan,
  cleanups: (() => Promise<unknown>)[],
): Promise<{ server: ParleyProcess; url: string }> {
  bindTo(cpus?.others);
  const engines = startProcess({
    module: fileURLToPath(new URL('../../lab/bench/load/engines-process.ts', import.meta.url)),
  });
  cleanups.push(() => engines.stop());
  const delays = { sttMs: 50, llmFirstMs: 100, llmTokenMs: 20, ttsFirstMs: 50 };
  const address = await engines.ask('setup', {
    delays,
    reply: 'I see a long table and two chairs by {name}.',
  });
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-attack-'));
  cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
  const remote = ['stt', 'llm', 'tts'].flatMap((kind) => [
    `--engines.${kind}=openai`,
    `--${kind}.openai.base-url=${address}/ok/v1`,
  ]);
  // All clients of this test have one address; those of an attack need not.
  const own = ['--port=0', `--data-dir=${dataDir}`, `--limits.connections-per-address=${talkers + 100}`];
  bindTo(cpus?.server);
  const server = parley(['serve', ...own, ...LIMITS, ...remote, ...flags], {
    PARLEY_TOKEN: TOKEN,
    OPENAI_API_KEY: 'none',
  });
  bindTo(cpus?.others);
  cleanups.push(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  while (!(await fetch(`${url}/readyz`)).ok) await pause(50);
  return { server, url };
}

function connect(url: string): Promise<VoiceClient> {
  return VoiceClient.connect({ url, token: TOKEN, clock: realClock });
}

/** What a new client gets: a session, or an error with when to come again. */
async function newcomer(url: string): Promise<string> {
  const client = await new TestClient(url).opened();
  client.say({ type: 'hello', token: TOKEN });
  const hung = pause(PATIENCE_MS).then(() => undefined);
  const answer = await Promise.race([client.json(), hung]);
  client.socket.terminate();
  if (!answer) return 'hung';
  const { type, code, retryAfterMs } = answer;
  return type === 'ready' ? 'admitted' : `${code}, again in ${retryAfterMs} ms`;
}

/** Sends a new client and a health check every second. */
async function watch(url: string, endMs: number): Promise<{ newcomers: string[]; unhealthy: number }> {
  const newcomers: string[] = [];
  let unhealthy = 0;
  while (realClock.nowMs() < endMs) {
    newcomers.push(await newcomer(url));
    const healthy = await fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (!healthy) unhealthy += 1;
    await pause(NEWCOMER_EVERY_MS);
  }
  return { newcomers, unhealthy };
}

/** Halts a session that speaks, or one that gets no reply at the moment. */
async function haltWhileSpeaking(client: VoiceClient, endMs: number) {
  for (let speaking = false; !speaking && realClock.nowMs() < endMs; ) {
    const since = client.arrivals.length;
    client.send({ type: 'text', text: 'what do you see' });
    const arrived = await client.waitFor(
      (message) => isState('speaking')(message) || message.type === 'error',
      { since, timeoutMs: 2_000 },
    );
    speaking = arrived?.message.type === 'state';
  }
  const since = client.arrivals.length;
  const fromMs = client.nowMs();
  client.send({ type: 'halt' });
  const stopped = await client.waitFor(isState('stopped'), { since, timeoutMs: PATIENCE_MS });
  const frames = client.frames.length;
  await client.wait(1_000);
  const framesAfter = client.frames.length - frames;
  await client.close();
  return { roundTripMs: stopped && stopped.atMs - fromMs, framesAfter };
}

/** Resolves with the time at which a new client got a reply. */
async function recover(url: string): Promise<number> {
  for (;;) {
    const client = await connect(url).catch(() => undefined);
    if (client) {
      client.send({ type: 'text', text: 'what do you see' });
      const end = await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: PATIENCE_MS });
      await client.close();
      if (end?.message.type === 'reply.end' && end.message.reason === 'completed') return realClock.nowMs();
    }
    await pause(200);
  }
}

const isState = (value: string) => (message: ServerMessage) =>
  message.type === 'state' && message.value === value;

function warningsOf(lines: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of lines.filter((one) => /^\{"level":[456]0/u.test(one))) {
    const { code = '', msg } = JSON.parse(line);
    const what = `${msg} ${code}`.replaceAll(/\d+/gu, 'N').replaceAll(/[0-9a-fN-]{30,}/gu, 'ID');
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

/** Upper bound, in s, of the bucket that holds the 95th percentile of the event loop's lateness. */
function percentile95(metrics: string): number {
  const buckets = [...metrics.matchAll(/^parley_event_loop_delay_seconds_bucket\{le="(\S+)"\} (\d+)$/gmu)];
  const total = Number(buckets.at(-1)?.[2] ?? 0);
  const bucket = buckets.find(([, , count]) => Number(count) >= 0.95 * total);
  return bucket?.[1] === '+Inf' ? Number.POSITIVE_INFINITY : Number(bucket?.[1]);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => realClock.setTimer(ms, resolve));
}
