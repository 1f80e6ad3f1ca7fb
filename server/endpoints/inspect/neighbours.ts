import type { Clock } from '../../../machines/clock.ts';
import { LEASE_MS, type Presence } from './bus-wire.ts';
import type { LiveSession } from './wire.ts';

interface Neighbour {
  heardAtMs: number;
  readonly sessions: Map<string, LiveSession>;
}

/** The known sessions of all servers, including this one, and their changes. */
export class Neighbours {
  readonly #clock: Clock;
  readonly #servers = new Map<string, Neighbour>();
  readonly #changed = new Set<string>();
  #told: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  all(): readonly LiveSession[] {
    return [...this.#servers.values()].flatMap(({ sessions }) => [...sessions.values()]);
  }

  /** Calls `then` once when a server has reported its sessions. */
  onceTold(then: () => void): void {
    if (this.#servers.size > 0) then();
    else this.#told.push(then);
  }

  /** Returns true if anything changed. */
  take({ server, full, sessions, gone }: Presence): boolean {
    const neighbour = this.#servers.get(server) ?? { heardAtMs: 0, sessions: new Map() };
    neighbour.heardAtMs = this.#clock.nowMs();
    this.#servers.set(server, neighbour);
    for (const tell of this.#told.splice(0)) tell();
    if (full) for (const session of neighbour.sessions.keys()) this.#changed.add(session);
    if (full) neighbour.sessions.clear();
    for (const one of sessions) {
      neighbour.sessions.set(one.session, one);
      this.#changed.add(one.session);
    }
    for (const session of gone) if (neighbour.sessions.delete(session)) this.#changed.add(session);
    return this.#changed.size > 0;
  }

  /** Removes servers that were silent for the duration of a lease; returns true if there was one. */
  expire(): boolean {
    const oldestMs = this.#clock.nowMs() - LEASE_MS;
    let any = false;
    for (const [server, { heardAtMs, sessions }] of this.#servers) {
      if (heardAtMs >= oldestMs) continue;
      for (const session of sessions.keys()) this.#changed.add(session);
      this.#servers.delete(server);
      any = true;
    }
    return any;
  }

  /** Returns the changes since the last call. */
  changes(): { readonly sessions: readonly LiveSession[]; readonly gone: readonly string[] } {
    const names = [...this.#changed];
    this.#changed.clear();
    const found = names.map((name) => [...this.#servers.values()].find(({ sessions }) => sessions.has(name)));
    const sessions = names.flatMap((name, index) => found[index]?.sessions.get(name) ?? []);
    return { sessions, gone: names.filter((_, index) => found[index] === undefined) };
  }

  clear(): void {
    for (const tell of this.#told.splice(0)) tell();
    this.#servers.clear();
    this.#changed.clear();
  }
}
