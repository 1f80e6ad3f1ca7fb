import { ParleyError } from '../../../machines/errors.ts';
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
  /** Connections being opened in advance. */
  readonly #spares = new Calls(
    (thrown) => new ParleyError('ENGINE_UNREACHABLE', undefined, { cause: thrown }),
  );
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

  /**
   * Takes an idle connection, a new one or, at the limit, the next that is returned. Every connection must be returned.
   */
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

  /** Makes sure that a connection is ready for the next request. */
  async warm(call: Call): Promise<void> {
    if (this.#idle.some((connection) => connection.usable)) return;
    const { connection } = await this.take(call);
    this.#requests--;
    this.giveBack(connection);
  }

  /**
   * Returns a connection and keeps it if it is reusable. One closed in mid-speech is replaced before the next request.
   */
  giveBack(connection: EdgeConnection): void {
    if (connection.usable) this.#idle.push(connection);
    else if (connection.heard) this.#replace();
    this.#pass();
  }

  /** Closes every connection; resolves when the last has closed. */
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

  /** Never rejects: the next request reports a failure. */
  async #openSpare(): Promise<void> {
    try {
      await this.#spares.run(async (call) => void this.#idle.push(await this.#connect(call)));
    } catch {
      // Closed, or Edge is unreachable.
    }
  }

  /** Waits for a slot. It is handed over, so `#taken` does not change. */
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
      // Cancelled just after the slot was handed over: pass it on.
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
