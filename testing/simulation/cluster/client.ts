import { retryDelayMs } from '../../../clients/typescript/src/closes.ts';
import type { Clock, TimerHandle } from '../../../machines/clock.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import type { Random } from '../random.ts';
import type { Life, Line } from './life.ts';
import type { ClusterServer, Hello } from './server.ts';

/** As the typed client has it, ms. */
const READY_WITHIN_MS = 10_000;

export interface ClientOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly servers: readonly ClusterServer[];
  /** What it says of the session when it comes back. */
  readonly seen: () => Omit<Hello, 'line'>;
  readonly onReady: (life: Life) => void;
  readonly message: (message: SessionMessage) => void;
  readonly audio: (generation: number, seq: number, pcm: Uint8Array) => void;
  readonly onRefused: (code: string) => void;
}

/** One connection: from the client to a server, and from there perhaps to the session's own. */
class Connection implements Line {
  life: Life | undefined;
  readonly servers: readonly ClusterServer[];
  readonly #client: Client;
  readonly #from: Connection | undefined;
  #dropped = false;

  constructor(client: Client, servers: readonly ClusterServer[], from?: Connection) {
    this.#client = client;
    this.servers = servers;
    this.#from = from;
  }

  /** One that was passed on ends with the client's own. */
  get isOpen(): boolean {
    return !this.#dropped && (this.#from?.isOpen ?? true);
  }

  ready(life: Life): void {
    this.life = life;
    this.#client.ready(this.#first, this);
  }

  message(message: SessionMessage): void {
    if (this.#isHeard) this.#client.message(message);
  }

  audio(generation: number, seq: number, pcm: Uint8Array): void {
    if (this.#isHeard) this.#client.audio(generation, seq, pcm);
  }

  ended(): void {
    if (this.#isHeard) this.#client.lost();
  }

  via(server: ClusterServer, owner: ClusterServer): Connection {
    return new Connection(this.#client, [...this.servers, server, owner], this);
  }

  /** Ends it, as both sides notice. */
  drop(): void {
    this.#dropped = true;
    this.life?.detach(this);
  }

  get #first(): Connection {
    return this.#from ? this.#from.#first : this;
  }

  get #isHeard(): boolean {
    return this.isOpen && this.#client.hears(this);
  }
}

/** The client of one session, as the typed client behaves: it comes back to whichever server it reaches, with growing pauses. */
export class Client {
  readonly #options: ClientOptions;
  /** The attempt, or the connection, whose events count. */
  #first: Connection | undefined;
  #current: Connection | undefined;
  #attempt = 0;
  #timer: TimerHandle | undefined;
  #over = false;
  #here = true;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get life(): Life | undefined {
    return this.#current?.life;
  }

  /** The connection to it. */
  get line(): Line | undefined {
    return this.#current;
  }

  /** The first connection, in which the session begins. */
  begin(server: ClusterServer): void {
    this.#first = new Connection(this, [server]);
    server.begin(this.#first);
  }

  hears(connection: Connection): boolean {
    return this.#current === connection;
  }

  ready(first: Connection, connection: Connection): void {
    if (this.#first !== first || !this.#here) {
      // It has given up on this attempt.
      queueMicrotask(() => connection.drop());
      return;
    }
    this.#timer?.cancel();
    this.#attempt = 0;
    this.#current = connection;
    if (connection.life) this.#options.onReady(connection.life);
  }

  message(message: SessionMessage): void {
    this.#options.message(message);
  }

  audio(generation: number, seq: number, pcm: Uint8Array): void {
    this.#options.audio(generation, seq, pcm);
  }

  /** The connection breaks if it goes through a server for which this holds. */
  breakIf(broken: (server: ClusterServer) => boolean): void {
    if (this.#current?.servers.some(broken)) this.lost();
  }

  present(here: boolean): void {
    if (this.#here === here) return;
    this.#here = here;
    if (here) this.#connect();
    else this.#drop();
  }

  /** The connection is lost. Whatever it is, it is not the end: what a fenced server says has `retryAfterMs`. */
  lost(): void {
    this.#drop();
    this.#again();
  }

  close(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  #again(): void {
    if (this.#over || !this.#here) return;
    const { clock, random } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.setTimer(retryDelayMs(this.#attempt++, random.next()), () => this.#connect());
  }

  #connect(): void {
    const { clock, random, servers, seen, onRefused } = this.#options;
    if (this.#over || !this.#here) return;
    this.#drop();
    // A load balancer in front leaves out those that are down.
    const up = servers.filter(({ isUp }) => isUp);
    const server = up.length > 0 ? random.pick(up) : undefined;
    if (!server || server.isCut('client')) {
      this.#again();
      return;
    }
    const attempt = new Connection(this, [server]);
    this.#first = attempt;
    this.#timer?.cancel();
    this.#timer = clock.setTimer(READY_WITHIN_MS, () => this.lost());
    server.whenAwake(() => {
      void server.enter({ ...seen(), line: attempt }).then((refusal) => {
        if (!refusal || this.#over || this.#first !== attempt) return;
        onRefused(refusal.code);
        this.lost();
      });
    });
  }

  #drop(): void {
    this.#timer?.cancel();
    const [first, current] = [this.#first, this.#current];
    this.#first = undefined;
    this.#current = undefined;
    for (const one of new Set([first, current])) one?.drop();
  }
}
