import { type Call, Calls } from '../../http/calls.ts';
import type { ConnectionStats } from '../../http/transport.ts';
import { connectEdge, type EdgeConnection } from './connection.ts';

/** The connections to Edge, each for one request at a time, kept between requests. */
export class EdgePool {
  readonly #endpoint: URL;
  readonly #max: number;
  readonly #idle: EdgeConnection[] = [];
  readonly #open = new Set<EdgeConnection>();
  readonly #waiting: (() => void)[] = [];
  /** Connections that are opened for nobody yet. */
  readonly #spares = new Calls();
  #spare: Promise<void> | undefined;
  #taken = 0;
  #opened = 0;
  #requests = 0;

  constructor(endpoint: URL, max: number) {
    this.#endpoint = endpoint;
    this.#max = max;
  }

  stats(): ConnectionStats {
    return { opened: this.#opened, requests: this.#requests };
  }

  /** An idle connection, or a new one, or, beyond the limit, the next to be given back. Each must be given back. */
  async take(call: Call): Promise<{ readonly connection: EdgeConnection; readonly reused: boolean }> {
    if (this.#taken >= this.#max) await this.#turn(call);
    else this.#taken++;
    try {
      let idle = this.#takeIdle();
      if (!idle && this.#spare) {
        await call.race(this.#spare);
        idle = this.#takeIdle();
      }
      if (idle) {
        this.#requests++;
        return { connection: idle, reused: true };
      }
      const connection = await this.#connect(call);
      this.#requests++;
      return { connection, reused: false };
    } catch (error) {
      this.#pass();
      throw error;
    }
  }

  /** Sees to it that a connection is there for the next request. */
  async warm(call: Call): Promise<void> {
    if (this.#idle.some((connection) => connection.usable)) return;
    const { connection } = await this.take(call);
    this.#requests--;
    this.giveBack(connection);
  }

  /** Keeps the connection if it can serve again. One that was given up in mid-speech is replaced ahead of the next request. */
  giveBack(connection: EdgeConnection): void {
    if (connection.usable) this.#idle.push(connection);
    else if (connection.heard) this.#replace();
    this.#pass();
  }

  /** Ends every connection; resolves when the last is closed. */
  async close(): Promise<void> {
    this.#spares.close();
    const open = [...this.#open];
    for (const connection of open) connection.terminate();
    await Promise.all(open.map((connection) => connection.closed));
  }

  async #connect(call: Call): Promise<EdgeConnection> {
    const connection = await connectEdge(this.#endpoint, call);
    this.#opened++;
    this.#open.add(connection);
    connection.closed.then(() => this.#open.delete(connection));
    return connection;
  }

  #takeIdle(): EdgeConnection | undefined {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) if (idle.usable) return idle;
    return undefined;
  }

  /** Opens a connection for the next request, unless there is one. */
  #replace(): void {
    if (this.#spare || this.#idle.some((connection) => connection.usable)) return;
    this.#spare = this.#openSpare().finally(() => {
      this.#spare = undefined;
    });
  }

  /** Never rejects: whether it can be done is for the next request to find out. */
  async #openSpare(): Promise<void> {
    try {
      const call = this.#spares.begin(new AbortController().signal);
      try {
        this.#idle.push(await this.#connect(call));
      } finally {
        call.end();
      }
    } catch {
      // Closed, or Edge is not there.
    }
  }

  /** Waits for a place. It is handed over: `#taken` stays the same. */
  async #turn(call: Call): Promise<void> {
    let wake: () => void = () => {};
    const place = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#waiting.push(wake);
    try {
      await call.race(place);
    } catch (error) {
      const at = this.#waiting.indexOf(wake);
      // Called off just after the place had been handed over: hand it on.
      if (at < 0) this.#pass();
      else this.#waiting.splice(at, 1);
      throw error;
    }
  }

  #pass(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#taken--;
  }
}
