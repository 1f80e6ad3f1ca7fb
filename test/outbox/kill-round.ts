/** Kills a server, a worker or the broker during conversations, and looks where the events of the turns went, and what the roles made of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { realClock } from '../../adapters/real-clock.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { loadSqlite } from '../../adapters/store/sqlite-binding.ts';
import { nextRandom } from '../../machines/random.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { type KillServer, startServer } from '../journal/kill-round.ts';
import { compiled } from '../support/program.ts';

const program = new URL('./kill-worker.ts', import.meta.url);
export const CLIENTS = 3;
/** Turns of a round. */
const TURNS = 30;
/** The victim dies at one of this many messages from the first acknowledged turn on. */
const MOMENTS = 150;
const VICTIMS = ['server', 'worker', 'broker'] as const;
const DRAIN_MS = 60_000;

/** What all rounds share: the broker goes on with its streams, and everything is started anew in the same folders. */
export interface KillScene {
  readonly folder: string;
  readonly broker: NatsServer;
  /** Of all rounds. */
  readonly acknowledged: Set<string>;
}

export async function killScene(folder: string): Promise<KillScene> {
  mkdirSync(join(folder, 'worker'), { recursive: true });
  const broker = await startNatsServer({ args: ['-js', '-sd', join(folder, 'nats')] });
  return { folder, broker, acknowledged: new Set() };
}

export interface EventRound {
  readonly victim: string;
  readonly acknowledged: number;
  /** Events that the roles got in all rounds so far, and those that came more than once. */
  readonly handled: number;
  readonly copies: number;
  /** Time until everything had arrived, ms. */
  readonly drainMs: number;
  /** Empty if nothing was lost. */
  readonly problems: readonly string[];
}

export async function eventKillRound(
  { folder, broker, acknowledged }: KillScene,
  seed: number,
): Promise<EventRound> {
  const victim = VICTIMS[seed % VICTIMS.length] ?? 'server';
  const dataDir = join(folder, 'server');
  let server = await startServer(dataDir, broker.url);
  let worker = await startWorker(folder, broker.url);
  const kill = {
    server: async () => end(server.child),
    worker: async () => end(worker),
    broker: () => broker.kill(),
  }[victim];
  await talkUntil(server, 1 + (nextRandom(seed).value % MOMENTS), kill);
  const before = acknowledged.size;
  for (const one of server.acknowledged) acknowledged.add(one);
  if (victim === 'server') server = await startServer(dataDir, broker.url);
  if (victim === 'worker') worker = await startWorker(folder, broker.url);
  if (victim === 'broker') await broker.restart();

  const expected = [...acknowledged].flatMap(eventsOf);
  const fromMs = performance.now();
  let lost = expected;
  while (lost.length > 0 && performance.now() - fromMs < DRAIN_MS) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const handled = handledIn(folder);
    lost = expected.filter((id) => !handled.has(id));
  }
  const drainMs = Math.round(performance.now() - fromMs);
  const waiting = await drained(dataDir);
  await end(server.child);
  await end(worker);
  const handled = handledIn(folder);
  return {
    victim,
    acknowledged: acknowledged.size - before,
    handled: handled.size,
    copies: [...handled.values()].filter((copies) => copies > 1).length,
    drainMs,
    problems: [
      ...lost.map((id) => `${id} never arrived`),
      ...(await unkept(folder, acknowledged)),
      ...(waiting > 0 ? [`${waiting} events still wait in the outbox`] : []),
    ],
  };
}

/** Clients type on until the victim is dead and the round has its turns, or the server is gone. */
async function talkUntil(server: KillServer, moment: number, kill: () => Promise<void>): Promise<void> {
  let left = moment;
  let turns = 0;
  let killing: Promise<void> | undefined;
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) =>
      VoiceClient.connect({ url: server.url, clock: realClock, user: userOf(i) }),
    ),
  );
  const gone = once(server.child, 'close');
  await new Promise<void>((resolve) => {
    void gone.then(() => resolve());
    for (const client of clients) {
      client.onMessage(({ message }) => {
        if (server.acknowledged.length > 0 && --left === 0) killing = kill();
        if (message.type !== 'reply.end') return;
        turns += 1;
        if (turns >= TURNS && left <= 0) resolve();
        else client.send({ type: 'text', text: `thing number ${turns}` });
      });
      client.send({ type: 'text', text: 'the first thing' });
    }
  });
  await killing;
  await Promise.all(clients.map((client) => client.close()));
}

/** The ids of the events that a turn causes. */
export function eventsOf(name: string): string[] {
  const id = name.replaceAll(' ', '/');
  return [`${id}/LtmWriteRequested`, `${id}/TurnEnded`];
}

/** Acknowledged turns that analytics or the memory does not have exactly once. */
async function unkept(folder: string, acknowledged: ReadonlySet<string>): Promise<readonly string[]> {
  const store = sqliteStore({ path: join(folder, 'worker', 'parley.db') });
  try {
    const kept = new Map<string, number>();
    const add = (id: string) => kept.set(id, (kept.get(id) ?? 0) + 1);
    for (const { id } of await store.analytics.turns({ since: '', from: 0, limit: 1_000_000 })) add(id);
    for (let client = 0; client < CLIENTS; client++)
      for (const { id } of await store.memories.list(userOf(client))) add(id);
    return [...acknowledged]
      .flatMap(eventsOf)
      .filter((id) => kept.get(id) !== 1)
      .map((id) => `${id} is kept ${kept.get(id) ?? 0} times`);
  } finally {
    await store.close();
  }
}

export function userOf(client: number): string {
  return `user-${client}`;
}

export function handledIn(folder: string): Map<string, number> {
  const db = new (loadSqlite())(join(folder, 'worker', 'handled.db'), { readonly: true });
  try {
    return new Map(db.prepare<[], [string, number]>('SELECT id, copies FROM handled').raw().all());
  } finally {
    db.close();
  }
}

/** Waits until the outbox is empty; returns what still waits then. */
async function drained(dataDir: string): Promise<number> {
  const store = sqliteStore({ path: join(dataDir, 'parley.db') });
  try {
    for (const fromMs = performance.now(); ; ) {
      const { events } = await store.outbox.backlog();
      if (events === 0 || performance.now() - fromMs > DRAIN_MS) return events;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await store.close();
  }
}

export async function startWorker(folder: string, url: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [await compiled(program), join(folder, 'worker'), url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
