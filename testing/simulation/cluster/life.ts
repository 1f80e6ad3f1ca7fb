import type { Session, SessionClient } from '../../../actors/session/handle.ts';
import type { ResumedSession } from '../../../actors/session/resumed-session.ts';
import type { SessionDeps } from '../../../actors/session/session.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import type { LogEntry } from '../../../machines/log.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import type { ProcessClock } from './process-clock.ts';
import type { ClusterServer, Hello } from './server.ts';

/** The far end of a client's connection. */
export interface Line {
  readonly isOpen: boolean;
  /** Lets the client in: what follows is of this life. */
  ready(life: Life): void;
  message(message: SessionMessage): void;
  audio(generation: number, seq: number, pcm: Uint8Array): void;
  /** The server has ended it: the session is, or will be, at another one. */
  ended(): void;
  /** This connection, passed on by `server` to `owner`. */
  via(server: ClusterServer, owner: ClusterServer): Line & { drop(): void };
}

export interface LifeOptions {
  readonly server: ClusterServer;
  readonly clock: ProcessClock;
  readonly deps: SessionDeps;
  readonly resumed: ResumedSession | undefined;
  /** Of the processes before, up to the record. */
  readonly before: readonly LogEntry[];
  readonly awayMs: number;
  readonly found: (what: string) => void;
  /** It can have no client any more. */
  readonly onOver: () => void;
  /** It has ended completely. */
  readonly settled: () => void;
}

/** A session in one process, from its beginning or its takeover there to its end there, and what the door does for it. */
export class Life {
  readonly server: ClusterServer;
  /** Its events so far, also those of the processes before. */
  readonly log: LogEntry[];
  session!: Session;
  /** With which its process took it. */
  epoch = 1;
  /** The epoch that its client knows. */
  admissions = 1;
  /** Resolves when clients can be let in. */
  opened: Promise<unknown> = Promise.resolve();
  over = false;
  /** It is over, and its session is not: what it still logs belongs to no session. */
  gone = false;
  fenced = false;
  readonly #options: LifeOptions;
  #line: Line | undefined;
  #missed: SessionMessage[] = [];
  #admitted: boolean;
  readonly #lastGeneration: number;
  #away: TimerHandle | undefined;
  /** Index in the client's input of the first sample that this process gets. */
  #inputFrom: number | undefined;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.server = options.server;
    this.log = [...options.before];
    this.#inputFrom = options.resumed ? undefined : 0;
    this.#admitted = !options.resumed;
    this.#lastGeneration = options.resumed?.kernel.context.lastGeneration ?? 0;
  }

  /** `missed`: by the client, at the processes before. */
  run(
    open: (deps: SessionDeps, client: SessionClient) => Session,
    missed: readonly SessionMessage[] = [],
  ): void {
    this.#missed.push(...missed);
    this.session = open(this.#options.deps, {
      message: (message) => this.#message(message),
      audio: (generation, seq, pcm) => {
        if (!this.over) this.#line?.audio(generation, seq, pcm);
      },
    });
    this.#awaitReturn();
    if (this.#options.resumed) this.opened = this.session.durable().catch(() => {});
  }

  /** Whether its client has been let in elsewhere since. */
  isBehind(seen: number): boolean {
    return seen > this.admissions;
  }

  /** Lets a client in that came back. False if it has left, or the session has ended. */
  admit({ line, epoch }: Hello): boolean {
    if (this.over || !line.isOpen) return false;
    if (this.#admitted) this.admissions = epoch + 1;
    this.#admitted = true;
    this.attach(line);
    this.session.present(true, this.admissions);
    return true;
  }

  /** This client's connection is the session's. */
  attach(line: Line): void {
    const others = this.#line;
    if (others) this.detach(others);
    this.#away?.cancel();
    this.#line = line;
    line.ready(this);
    for (const message of this.#missed.splice(0)) line.message(message);
  }

  /** The connection of this client is lost. */
  detach(line: Line): void {
    if (this.#line !== line || this.over) return;
    this.#line = undefined;
    this.session.present(false);
    this.#awaitReturn();
  }

  /** Whether this connection is its client's. */
  serves(line: Line): boolean {
    return !this.over && this.#line === line;
  }

  /** The newest generation when its process began. */
  get lastGeneration(): number {
    return this.#lastGeneration;
  }

  audio(pcm: Uint8Array, sample: number): void {
    this.#inputFrom ??= sample;
    this.session.audio(pcm, sample - this.#inputFrom);
  }

  /** Another server has the session. */
  fence(): void {
    if (this.over) return;
    this.fenced = true;
    const line = this.#line;
    this.#end();
    line?.ended();
    void this.#left();
  }

  /** Its process stops: the server that takes the session finds all of it in the journal. */
  async leave(): Promise<void> {
    if (this.over) return;
    const line = this.#line;
    this.#end();
    line?.ended();
    await this.session.leave();
    this.#options.settled();
  }

  /** Its process has ended. What it ran ends with it. */
  die(): void {
    if (this.over) return;
    this.#end();
    void this.#left();
  }

  async close(reason: 'bye' | 'lost'): Promise<void> {
    if (this.over) return;
    this.#end(true);
    await this.session.close(reason);
    this.#line = undefined;
    this.#options.settled();
  }

  #message(message: SessionMessage): void {
    if (this.over && !this.#line) return;
    if (this.#line) this.#line.message(message);
    else if (message.type !== 'viseme') this.#missed.push(message);
  }

  #awaitReturn(): void {
    this.#away?.cancel();
    const { clock, awayMs, found } = this.#options;
    this.#away = clock.setTimer(awayMs, () => {
      this.close('lost').catch((error: unknown) => found(String(error)));
    });
  }

  #end(speaks = false): void {
    this.over = true;
    this.gone = !speaks;
    this.#away?.cancel();
    if (!speaks) this.#line = undefined;
    this.#options.onOver();
  }

  async #left(): Promise<void> {
    // In the step of another session's message it cannot end.
    await Promise.resolve();
    await this.session.leave('superseded').catch((error: unknown) => this.#options.found(String(error)));
    this.#options.settled();
  }
}
