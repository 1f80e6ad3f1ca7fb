import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import type { Logger } from '../log.ts';
import { type FromProcess, fromProcess, MESSAGES_VERSION, type ToProcess, typeOf } from './messages.ts';
import type { Load } from './placement.ts';

/** How long a connection counts as one that may become a session, ms. */
const ARRIVING_MS = 2_000;
/** A process that is silent for so many looks in a row hangs. It sends its load each second. */
const SILENT_LOOKS = 15;
/** Time between two looks of the supervisor at a process, ms. */
const LOOK_MS = 1_000;
/** A look later than this was late because the supervisor stood still: it proves nothing against the process, ms. */
const LATE_LOOK_MS = 2 * LOOK_MS;

/** Different unknown messages of a process that are logged. */
const MAX_UNKNOWN = 10;

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
  #silentLooks = 0;
  readonly #log: Logger;
  /** Types of messages that were not understood. */
  readonly #unknown = new Set<string>();
  #silence: TimerHandle | undefined;

  constructor(child: ChildProcess, place: number, clock: Clock, log: Logger, events: ProcessEvents) {
    this.place = place;
    this.startedAtMs = clock.nowMs();
    this.#child = child;
    this.#clock = clock;
    this.#log = log;
    child.on('message', (raw) => {
      this.#silentLooks = 0;
      const parsed = fromProcess.safeParse(raw);
      // Of another version, perhaps: a message that is not understood must not end the process that serves sessions.
      if (parsed.success) this.#note(parsed.data, events);
      else if (this.#unknown.size < MAX_UNKNOWN && !this.#unknown.has(typeOf(raw))) {
        this.#unknown.add(typeOf(raw));
        log.warn({ process: place, type: typeOf(raw) }, 'an unknown message of a server process is ignored');
      }
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
        if (message.version !== MESSAGES_VERSION)
          this.#log.warn(
            { process: this.place, theirs: message.version, ours: MESSAGES_VERSION },
            'a server process speaks another version of the messages; it serves, and messages that one side does not know are ignored',
          );
        this.#look(this.#clock.nowMs());
        events.ready(this, message.left);
        return;
      case 'load':
        this.#lateMs = message.lateMs;
        return;
      case 'checked':
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

  /**
   * Looks each second, and kills the process after `SILENT_LOOKS` in a row without a message. A look that is late does not count, and
   * begins anew: the supervisor, or the whole machine, stood still, and messages wait to be read.
   */
  #look(lastMs: number): void {
    this.#silence = this.#clock.setTimer(LOOK_MS, () => {
      const nowMs = this.#clock.nowMs();
      this.#silentLooks = nowMs - lastMs > LATE_LOOK_MS ? 0 : this.#silentLooks + 1;
      if (this.#silentLooks > SILENT_LOOKS) {
        this.#log.error({ process: this.place, pid: this.pid }, 'a server process hangs; it is killed');
        this.kill('SIGKILL');
        return;
      }
      if (this.#silentLooks > 1) this.send({ type: 'check' });
      this.#look(nowMs);
    });
  }
}
