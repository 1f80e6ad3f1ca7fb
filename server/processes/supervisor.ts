import type { ChildProcess } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { Backoff } from '../../actors/backoff.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { boundAddress, listening } from '../door/web-server.ts';
import type { Logger } from '../log.ts';
import type { FromProcess } from './messages.ts';
import { Ownership } from './ownership.ts';
import { leastLoaded } from './placement.ts';
import { WorkerProcess } from './worker-process.ts';

/** Wait before a process that ended is started again: it begins anew with one that lasted. */
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;
const LASTED_MS = 60_000;
/** Connections that wait for the first process. */
const MAX_EARLY = 256;
/** Longest wait for a session that a process is about to leave, ms. */
const LEAVE_MS = 5_000;
/** Longest wait for the metrics of a process, ms. */
const MEASURE_MS = 1_000;
const LOOK_MS = 1_000;

export interface SupervisorOptions {
  readonly processes: number;
  readonly host: string;
  readonly port: number;
  /** Starts a process with an IPC channel for structured clones. */
  readonly start: (place: number) => ChildProcess;
  /** Whether sessions may be continued: the lock of the data directory is ours. */
  readonly continues: boolean;
  /** How long a session waits for its client, ms. */
  readonly awayMs: number;
  /** How long the sessions of a process may take to rest when it is replaced, ms. */
  readonly rollGraceMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Several server processes that share a port. */
export interface Supervisor {
  /** `http://host:port`, the one that they share. */
  readonly url: string;
  /** Replaces the processes one by one, after any roll before. Resolves when all are new, or one could not be replaced. */
  roll(): Promise<void>;
  /** Stops listening, sends the signal to all, and resolves when they have ended. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

/**
 * Starts processes, one after another, and keeps them: one that ends is started again. It accepts the connections and gives each to
 * the process with the least to do, so that it never sees what they carry. Resolves when the first is ready. Rejects with PORT_IN_USE, or
 * with INTERNAL if the first process ends instead.
 */
export async function supervise(options: SupervisorOptions): Promise<Supervisor> {
  const { processes: count, start, continues, awayMs, rollGraceMs, clock, log } = options;
  const owners = new Ownership<WorkerProcess>();
  const running = new Set<WorkerProcess>();
  const backoffs = Array.from({ length: count }, () => new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS));
  const restarts = new Set<TimerHandle>();
  const early: Socket[] = [];
  /** Those whose start somebody awaits. */
  const starting = new Map<WorkerProcess, (isReady: boolean) => void>();
  let stopping: Promise<void> | undefined;
  let rolling = Promise.resolve();

  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => place(socket));
  await listening(server, options.host, options.port);
  const { url } = boundAddress(server, options.host);

  const ready = () => [...running].filter(({ url, leaving }) => url !== undefined && !leaving);

  function place(socket: Socket): void {
    socket.on('error', () => {});
    const process = leastLoaded(ready(), ({ load }) => load);
    if (process) process.connect(socket);
    else if (early.length < MAX_EARLY && !stopping) early.push(socket);
    else socket.destroy();
  }

  /** Resolves with true when the process is ready, with false if it ended before. */
  function begin(place: number): Promise<boolean> {
    const process = new WorkerProcess(start(place), place, clock, log, { message, ready: onReady, ended });
    running.add(process);
    return new Promise((resolve) => starting.set(process, resolve));
  }

  function onReady(process: WorkerProcess, left: readonly string[]): void {
    owners.left(left, clock.nowMs() + awayMs);
    log.info({ process: process.place, pid: process.pid }, 'a server process is ready');
    settle(process, true);
    for (const socket of early.splice(0)) place(socket);
  }

  function settle(process: WorkerProcess, isReady: boolean): void {
    starting.get(process)?.(isReady);
    starting.delete(process);
  }

  function ended(process: WorkerProcess, why: string): void {
    running.delete(process);
    owners.ended(process, clock.nowMs() + awayMs);
    const awaited = starting.has(process);
    settle(process, false);
    if (stopping || process.leaving || awaited) return;
    again(process, why);
  }

  function again({ place, pid, startedAtMs }: WorkerProcess, why: string): void {
    const backoff = backoffs[place - 1];
    if (!backoff) return;
    if (clock.nowMs() - startedAtMs >= LASTED_MS) backoff.reset();
    const inMs = backoff.nextMs();
    log.error({ process: place, pid, why, inMs }, 'a server process ended; it is started again');
    restart(place, inMs);
  }

  function restart(place: number, inMs: number): void {
    const timer = clock.setTimer(inMs, async () => {
      restarts.delete(timer);
      const isThere = [...running].some((one) => one.place === place && !one.leaving);
      if (stopping || isThere || (await begin(place)) || stopping) return;
      const nextMs = backoffs[place - 1]?.nextMs() ?? LONGEST_WAIT_MS;
      log.error({ process: place, inMs: nextMs }, 'a server process did not start; it is tried again');
      restart(place, nextMs);
    });
    restarts.add(timer);
  }

  function message(process: WorkerProcess, said: FromProcess): void {
    if (said.type === 'opened') owners.opened(said.session, process);
    else if (said.type === 'closed') owners.closed(said.session, process);
    else if (said.type === 'find') void find(process, said);
    else if (said.type === 'sessions')
      process.send({ type: 'all', id: said.id, sessions: [...owners.sessions()] });
    else if (said.type === 'metrics') void measure(process, said.id);
    else if (said.type === 'published') for (const other of running) if (other !== process) other.send(said);
  }

  async function find(
    process: WorkerProcess,
    { id, session, failed }: Extract<FromProcess, { type: 'find' }>,
  ): Promise<void> {
    const found = (answer: { url?: string | undefined; yours: boolean }) =>
      process.send({ type: 'found', id, ...answer });
    // It is closing there, and must have been written to the end.
    if (failed || owners.ownerOf(session)?.leaving) {
      const late = new Promise<void>((resolve) => void clock.setTimer(LEAVE_MS, resolve));
      await Promise.race([owners.unowned(session), late]);
    }
    const owner = owners.ownerOf(session);
    if (owner) {
      const here = owner === process || failed;
      return found({ ...(!here && { url: owner.url }), yours: false });
    }
    // Before the next one asks: each session has one owner.
    if (continues) owners.opened(session, process);
    found({ yours: continues });
  }

  async function measure(asker: WorkerProcess, id: number): Promise<void> {
    const all = await Promise.all(ready().map((process) => process.measure(MEASURE_MS)));
    asker.send({ type: 'metered', id, metrics: all.filter((metrics) => metrics !== undefined) });
  }

  async function rollAll(): Promise<void> {
    for (let place = 1; place <= count && !stopping; place++) {
      const old = [...running].find((one) => one.place === place && !one.leaving && one.url !== undefined);
      if (!(await begin(place))) {
        log.error({ process: place }, 'the new server process did not start; the old ones go on');
        return;
      }
      if (!old) continue;
      old.leaving = true;
      old.send({ type: 'leave', graceMs: rollGraceMs });
      log.info({ process: place, pid: old.pid }, 'a server process is replaced; its sessions move');
      await old.ended;
    }
  }

  let lookedAtMs = clock.nowMs();
  const look = setInterval(() => {
    const sinceMs = clock.nowMs() - lookedAtMs;
    lookedAtMs += sinceMs;
    // While this process stood still, no client could come back.
    if (sinceMs > 2 * LOOK_MS) owners.postpone(sinceMs);
    const lost = owners.lost(clock.nowMs());
    const [process] = ready();
    if (lost.length > 0) process?.send({ type: 'lost', sessions: [...lost] });
  }, LOOK_MS);

  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    clearInterval(look);
    server.close();
    for (const timer of restarts) timer.cancel();
    for (const socket of early.splice(0)) socket.destroy();
    for (const process of running) process.kill(signal);
    await Promise.all([...running].map((process) => process.ended));
  };

  if (!(await begin(1))) {
    await stop('SIGTERM');
    throw new ParleyError('INTERNAL', 'the first server process did not start; see the lines above');
  }
  void (async () => {
    // One after another: the first one migrates the database, and each takes a core while it loads its engines.
    for (let place = 2; place <= count && !stopping; place++)
      if (!(await begin(place)) && !stopping) restart(place, FIRST_WAIT_MS);
  })();

  return {
    url,
    roll() {
      rolling = rolling.then(rollAll);
      return rolling;
    },
    stop(signal) {
      stopping ??= stop(signal);
      return stopping;
    },
  };
}
