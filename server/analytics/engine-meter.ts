import type { ChainEvent } from '../../actors/chain/mod.ts';
import type { ConnectionStats } from '../../adapters/http/transport.ts';
import type { EngineFacts } from './turn-facts.ts';

/** Longest list of times in one event. */
const MOST = 50;

/** Cumulative connections, by `kind:engine`. */
type Connections = () => Iterable<readonly [string, ConnectionStats]>;

/** Counts what the engine chains of this process do. They know no sessions, so the next turn that ends takes the counts. */
export class EngineMeter {
  #facts = new Map<string, EngineFacts>();
  #connections: Connections = () => [];
  readonly #seen = new Map<string, ConnectionStats>();
  /** When an engine of the kind failed, for the one that is asked in its place. */
  readonly #failedAtMs = new Map<string, number>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Where the connections are counted. */
  read(connections: Connections): void {
    this.#connections = connections;
  }

  onChainEvent(event: ChainEvent): void {
    const { kind, engine, type } = event;
    const name = `${kind}:${engine}`;
    if (type === 'asked') {
      const failedAtMs = this.#failedAtMs.get(kind);
      this.#failedAtMs.delete(kind);
      const failover = event.reason === 'failed' && failedAtMs !== undefined;
      this.#add(name, ({ asked, failoverMs, ...rest }) => ({
        ...rest,
        asked: asked + 1,
        failoverMs: failover ? more(failoverMs, this.#nowMs() - failedAtMs) : failoverMs,
      }));
    } else if (type === 'firstByte') {
      this.#add(name, (facts) => ({ ...facts, firstByteMs: more(facts.firstByteMs, event.ms) }));
    } else if (type === 'failed') {
      this.#failedAtMs.set(kind, this.#nowMs());
      this.#add(name, (facts) => ({ ...facts, failed: facts.failed + 1 }));
    }
  }

  /** The counts since the last call. */
  take(): Readonly<Record<string, EngineFacts>> {
    for (const [name, { opened, requests }] of this.#connections()) {
      const before = this.#seen.get(name) ?? { opened: 0, requests: 0 };
      this.#seen.set(name, { opened, requests });
      if (requests === before.requests && opened === before.opened) continue;
      const counts = { opened: opened - before.opened, requests: requests - before.requests };
      this.#add(name, (facts) => ({ ...facts, ...counts }));
    }
    const taken = Object.fromEntries(this.#facts);
    this.#facts = new Map();
    return taken;
  }

  #add(name: string, change: (facts: EngineFacts) => EngineFacts): void {
    const none = { asked: 0, failed: 0, firstByteMs: [], failoverMs: [], opened: 0, requests: 0 };
    this.#facts.set(name, change(this.#facts.get(name) ?? none));
  }
}

function more(list: readonly number[], ms: number): number[] {
  return [...list, Math.max(0, ms)].slice(0, MOST);
}
