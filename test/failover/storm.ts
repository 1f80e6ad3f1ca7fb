/** Kills and cuts servers, brokers and links while many talk, and looks afterwards what became of their sessions. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { RECORDS } from '../../actors/broker-names.ts';
import type { TurnRecord } from '../../actors/ports/store.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { replayJournal } from '../../machines/journal/replay.ts';
import { SessionKernel } from '../../machines/kernel.ts';
import { nextRandom } from '../../machines/random.ts';
import { type LeaderWatch, watchLeaders } from './leaders.ts';
import { type FailoverScene, type FailoverServer, startScene } from './scene.ts';
import { type Return, startTalker, type Talker } from './talker.ts';

export interface StormOptions {
  readonly folder: string;
  readonly seconds: number;
  readonly talkers: number;
  /** Time between two blows, ms. */
  readonly everyMs: number;
  readonly seed: number;
  /** The blows in this order. Default: by chance. */
  readonly blows?: readonly Blow[];
  readonly onBlow?: (words: string) => void;
}

export interface StormReport {
  readonly blows: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  /** Turns that analytics knows; each is counted once. */
  readonly events: number;
  readonly actions: number;
  /** Ways back to a session while the brokers had a leader for the records all the time. */
  readonly returns: readonly Return[];
  /** The others: for a time no server could take it, whatever it did. */
  readonly leaderless: readonly Return[];
  /** What the servers logged of the slow ones of `returns`. */
  readonly slow: readonly string[];
  readonly takeovers: number;
  readonly journals: number;
  /** Turns of which two stores have another end: the server before was cut off from the broker. */
  readonly differing: number;
  /** Empty if nothing was lost and nothing was done twice. */
  readonly problems: readonly string[];
}

const BLOWS = [
  'kill server',
  'kill broker',
  'kill worker',
  'cut broker link',
  'cut clients',
  'slow server',
  'slow broker',
] as const;
type Blow = (typeof BLOWS)[number];

/** Time until all are answered again after the last blow, ms. A cluster of brokers needs some 10 s to agree again. */
const RECOVERY_MS = 60_000;

/** Time after which brokers know that one of them has begun anew, ms. */
const BROKER_MISSED_MS = 2_000;

/** A return that took longer is looked into, ms: the goal. */
const SLOW_MS = 2_000;
const STREAMS = [`KV_${RECORDS}`];

/** Kills and cuts for `seconds`, then heals everything and looks. */
export async function storm(options: StormOptions): Promise<StormReport> {
  const { folder, seconds, talkers: count, everyMs, onBlow = () => {} } = options;
  const given = [...(options.blows ?? [])];
  const scene = await startScene(folder, { servers: 3, brokers: 3, workers: 2, logLevel: 'info' });
  const leaders = await watchLeaders(
    scene.brokers.map(({ url }) => url),
    STREAMS,
  );
  const talkers = await Promise.all(Array.from({ length: count }, (_, i) => startTalker(scene.url, `t${i}`)));
  const problems: string[] = [];
  const lines: string[] = [];
  const blows: Record<string, number> = {};
  let seed = options.seed;
  const pick = (below: number) => {
    const { value, state } = nextRandom(seed);
    seed = state;
    return value % below;
  };
  const busy = new Set<object>();
  const repairs: Promise<void>[] = [];
  const untilMs = performance.now() + seconds * 1_000;
  while (performance.now() < untilMs) {
    await wait(everyMs);
    const blow = given.shift() ?? BLOWS[pick(BLOWS.length)] ?? 'kill server';
    const done = strike(scene, leaders, blow, pick, busy, lines);
    if (!done) continue;
    blows[blow] = (blows[blow] ?? 0) + 1;
    onBlow(blow);
    repairs.push(done.catch((error: Error) => void problems.push(`${blow}: ${error.message}`)));
  }
  await Promise.all(repairs);
  for (const result of await Promise.allSettled(talkers.map((one) => one.answered(2, RECOVERY_MS))))
    if (result.status === 'rejected') problems.push(String(result.reason));
  await Promise.all(talkers.map((one) => one.stop()));
  const acknowledged = talkers.flatMap((one) => one.acknowledged);
  const events = await eventsAt(scene, acknowledged);
  for (const { process } of scene.servers) {
    await process.stop();
    lines.push(...process.lines);
  }
  await leaders.close();
  await scene.close();
  const all = talkers.flatMap((one) => one.returns);
  const isLeaderless = ({ readyMs, openMs }: Return) =>
    leaders.wasWithout(STREAMS, readyMs - openMs, readyMs);
  const returns = all.filter((one) => !isLeaderless(one));
  const ran = existsSync(scene.ranFile) ? readFileSync(scene.ranFile, 'utf8').trim().split('\n') : [];
  const stored = await lookInto(scene.servers, talkers);
  return {
    blows,
    acknowledged: acknowledged.length,
    events: events.known,
    actions: ran.length,
    returns,
    leaderless: all.filter(isLeaderless),
    slow: returns.filter(({ openMs }) => openMs > SLOW_MS).flatMap((one) => linesOf(one, lines)),
    takeovers: lines.filter((line) => line.includes('took a session over')).length,
    ...{ journals: stored.journals, differing: stored.differing },
    problems: [
      ...problems,
      ...talkers.flatMap((one, i) => one.problems.map((what) => `t${i} ${what}`)),
      ...talkers.flatMap(({ sessions }) =>
        sessions.slice(0, -1).flatMap((session) => lines.filter((line) => line.includes(session))),
      ),
      ...repeated(ran).map((action) => `${action} ran twice`),
      ...lines.filter((line) => /invariant \d+ is broken|"level":50/u.test(line)),
      ...stored.problems,
      ...events.problems,
    ],
  };
}

/** Begins a blow and resolves when it is repaired; undefined if its victim is still being repaired. */
function strike(
  { servers, brokers, workers, balancer }: FailoverScene,
  leaders: LeaderWatch,
  blow: Blow,
  pick: (below: number) => number,
  busy: Set<object>,
  lines: string[],
): Promise<void> | undefined {
  const server = servers[pick(servers.length)];
  const broker = brokers[pick(brokers.length)];
  const worker = workers[pick(workers.length)];
  if (!server || !broker || !worker) return undefined;
  // One server and one broker at a time: with two of three brokers gone nothing can be agreed.
  const groups: Partial<Record<Blow, object>> = { 'cut clients': balancer, 'kill worker': workers };
  const group = groups[blow] ?? (blow.endsWith('broker') ? brokers : servers);
  if (busy.has(group)) return undefined;
  busy.add(group);
  const forMs = 1_000 + pick(4_000);
  /** It must have its copies again before the next one may go: what two of three brokers have lost is lost. */
  const caughtUp = async () => {
    // Until then the others may not have missed it.
    await wait(BROKER_MISSED_MS);
    await leaders.allCurrent(RECOVERY_MS);
  };
  const work = async () => {
    switch (blow) {
      case 'kill server':
        await server.process.kill();
        lines.push(...server.process.lines);
        await wait(forMs);
        return server.start();
      case 'kill broker':
        await broker.kill();
        await wait(forMs);
        await broker.restart();
        return caughtUp();
      case 'kill worker':
        await worker.process.kill();
        await wait(forMs);
        return worker.start();
      case 'cut broker link':
        for (const link of server.links) link.cut();
        await wait(forMs);
        for (const link of server.links) link.heal();
        return;
      case 'cut clients':
        return balancer.cutTo(server.place.port);
      case 'slow server':
        return stopped(server.process.pid, forMs);
      case 'slow broker':
        await stopped(broker.pid, forMs);
        return caughtUp();
    }
  };
  return work().finally(() => busy.delete(group));
}

async function stopped(pid: number, forMs: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await wait(forMs);
  process.kill(pid, 'SIGCONT');
}

/** What the stores of all servers have together. */
async function lookInto(servers: readonly FailoverServer[], talkers: readonly Talker[]) {
  const problems: string[] = [];
  const turns = new Map<string, TurnRecord>();
  const differing = new Set<string>();
  let journals = 0;
  for (const { place } of servers) {
    const store = sqliteStore({ path: join(place.dataDir, 'parley.db') });
    for (const { session } of await store.sessions({ limit: 10_000 })) {
      const own = await store.turns(session);
      for (const id of repeated(own.map(({ turn, generation }) => `${turn}/${generation}`)))
        problems.push(`${session}/${id} is stored twice`);
      for (const turn of own) {
        const id = `${session}/${turn.turn}/${turn.generation}`;
        const known = turns.get(id);
        if (known && known.reason !== turn.reason) differing.add(id);
        turns.set(id, turn);
      }
    }
    for (const { session } of await store.journals({ limit: 10_000 })) {
      const journal = await store.readJournal(session);
      if (journal.records.length === 0) continue;
      journals += 1;
      const kernel = new SessionKernel(journal.header.parameters, journal.header.input);
      const { fault, difference } = replayJournal(journal, { kernel, sha256 });
      if (fault || difference) problems.push(`${session}: ${JSON.stringify(fault ?? difference?.event)}`);
    }
    await store.close();
  }
  for (const id of talkers.flatMap((one) => one.acknowledged))
    if (!turns.has(id)) problems.push(`${id} is in no store`);
  return { problems, journals, differing: differing.size };
}

/** What analytics knows of the turns that were acknowledged, as soon as it knows all, or has learnt nothing new for {@link RECOVERY_MS}. */
async function eventsAt({ workerDir }: FailoverScene, acknowledged: readonly string[]) {
  const store = sqliteStore({ path: join(workerDir, 'parley.db') });
  let untilMs = 0;
  for (let before = -1; ; ) {
    const turns = await store.analytics.turns({ since: '', from: 0, limit: 1_000_000 });
    const known = new Set(turns.map(({ id }) => id));
    const missing = acknowledged.map((id) => `${id}/TurnEnded`).filter((id) => !known.has(id));
    if (known.size > before) untilMs = performance.now() + RECOVERY_MS;
    before = known.size;
    if (missing.length > 0 && performance.now() < untilMs) {
      await wait(500);
      continue;
    }
    await store.close();
    return {
      known: known.size,
      problems: [
        ...missing.map((id) => `analytics does not know ${id}`),
        ...repeated(turns.map(({ id }) => id)).map((id) => `analytics counts ${id} twice`),
      ],
    };
  }
}

/** What the servers logged of a session on its way back, with the time before `ready`. */
function linesOf({ session, at, openMs, lostMs }: Return, lines: readonly string[]): readonly string[] {
  const named = lines.flatMap((line) => {
    if (!line.startsWith('{') || !line.includes(session)) return [];
    const { time, msg, bytes }: LogLine = JSON.parse(line);
    if (time < at - lostMs || time > at) return [];
    return [`  ${time - at} ms: ${msg} ${JSON.stringify({ bytes })}`];
  });
  return [`${session} was ready after ${Math.round(openMs)} ms`, ...named];
}

interface LogLine {
  readonly time: number;
  readonly msg: string;
  readonly bytes?: number;
}

function repeated(items: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return items.filter((item) => seen.has(item) || !seen.add(item));
}
