import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { type FromProcess, fromProcess, type ToProcess } from './messages.ts';
import type { Load } from './placement.ts';

/** How long a connection counts as one that may become a session, ms. */
const ARRIVING_MS = 2_000;
/** A process that says nothing for this long hangs, ms. It says something each second. */
const SILENT_MS = 15_000;

export interface ProcessEvents {
  /** Any message but `ready`, `load` and `measured`. */
  message(process: WorkerProcess, message: FromProcess): void;
  ready(process: WorkerProcess, left: readonly string[]): void;
  /** Called once. `why`: a code or signal. */
  ended(process: WorkerProcess, why: string): void;
}

/** One server process, as its supervisor sees it. */
export class WorkerProcess {
  /** Number of its place, from 1. A process that replaces another one has the same. */
  readonly place: number;
  readonly startedAtMs: number;
  /** Where its siblings reach it; undefined until it is ready. */
  url: string | undefined;
  /** It gets no more connections, and ends when its sessions rest. */
  leaving = false;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #sessions = new Set<string>();
  readonly #arrivedAtMs: number[] = [];
  readonly #questions = new Map<number, (metrics: unknown) => void>();
  readonly ended: Promise<void>;
  #asked = 0;
  #lateMs = 0;
  #silence: TimerHandle | undefined;

  constructor(child: ChildProcess, place: number, clock: Clock, events: ProcessEvents) {
    this.place = place;
    this.startedAtMs = clock.nowMs();
    this.#child = child;
    this.#clock = clock;
    child.on('message', (raw) => {
      const message = fromProcess.parse(raw);
      if (this.url !== undefined) this.#heard();
      this.#note(message, events);
    });
    this.ended = new Promise((resolve) => {
      let over = false;
      const end = (why: string) => {
        if (over) return;
        over = true;
        this.#silence?.cancel();
        for (const answer of this.#questions.values()) answer(undefined);
        resolve();
        events.ended(this, why);
      };
      child.once('exit', (code, signal) => end(signal ?? `code ${code}`));
      child.once('error', (error) => end(error.message));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get load(): Load {
    const since = this.#clock.nowMs() - ARRIVING_MS;
    while ((this.#arrivedAtMs[0] ?? since) < since) this.#arrivedAtMs.shift();
    return { sessions: this.#sessions.size, arriving: this.#arrivedAtMs.length, lateMs: this.#lateMs };
  }

  /** Gives it a connection, or closes it if the process is gone. */
  connect(socket: Socket): void {
    this.#arrivedAtMs.push(this.#clock.nowMs());
    this.#child.send({ type: 'connection' } satisfies ToProcess, socket, { keepOpen: false }, (error) => {
      if (error) socket.destroy();
    });
  }

  send(message: ToProcess): void {
    // Without a channel it has ended, which is noticed elsewhere.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Its own metrics; undefined if it does not answer in time. */
  measure(withinMs: number): Promise<unknown> {
    const id = this.#asked++;
    return new Promise((resolve) => {
      const answer = (metrics: unknown) => {
        timer.cancel();
        this.#questions.delete(id);
        resolve(metrics);
      };
      const timer = this.#clock.setTimer(withinMs, () => answer(undefined));
      this.#questions.set(id, answer);
      this.send({ type: 'measure', id });
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #note(message: FromProcess, events: ProcessEvents): void {
    switch (message.type) {
      case 'ready':
        this.url = message.url;
        this.#heard();
        events.ready(this, message.left);
        return;
      case 'load':
        this.#lateMs = message.lateMs;
        return;
      case 'measured':
        this.#questions.get(message.id)?.(message.metrics);
        return;
      case 'opened':
        this.#sessions.add(message.session);
        this.#arrivedAtMs.shift();
        break;
      case 'closed':
        this.#sessions.delete(message.session);
        break;
      default:
    }
    events.message(this, message);
  }

  #heard(): void {
    this.#silence?.cancel();
    this.#silence = this.#clock.setTimer(SILENT_MS, () => this.kill('SIGKILL'));
  }
}
