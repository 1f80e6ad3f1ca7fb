import type { ChainEvent } from '../../actors/chain/mod.ts';
import type { ConnectionStats, TokenStats } from '../../adapters/http/transport.ts';
import type { EngineFacts } from './turn-facts.ts';

/** Longest list of times in one event. */
const MOST = 50;

/** Cumulative connections, by `kind:engine`. */
type Connections = () => Iterable<readonly [string, ConnectionStats]>;

/** Counts what engine chains do. They know no sessions, so the next turn that ends takes the counts. */
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
    for (const [name, now] of this.#connections()) {
      const before = this.#seen.get(name) ?? { opened: 0, requests: 0 };
      this.#seen.set(name, { ...now });
      const { opened, requests, tokens } = now;
      const spent = tokensBetween(before.tokens, tokens);
      if (requests === before.requests && opened === before.opened && !spent) continue;
      const counts = { opened: opened - before.opened, requests: requests - before.requests };
      this.merge({ [name]: { ...NOTHING, ...counts, ...(spent && { tokens: spent }) } });
    }
    const taken = Object.fromEntries(this.#facts);
    this.#facts = new Map();
    return taken;
  }

  /** Adds what engines of another process did. */
  merge(counts: Readonly<Record<string, EngineFacts>>): void {
    for (const [name, more] of Object.entries(counts))
      this.#add(name, (facts) => {
        const tokens = tokensOfBoth(facts.tokens, more.tokens);
        return {
          asked: facts.asked + more.asked,
          failed: facts.failed + more.failed,
          firstByteMs: [...facts.firstByteMs, ...more.firstByteMs].slice(0, MOST),
          failoverMs: [...facts.failoverMs, ...more.failoverMs].slice(0, MOST),
          opened: facts.opened + more.opened,
          requests: facts.requests + more.requests,
          ...(tokens && { tokens }),
        };
      });
  }

  #add(name: string, change: (facts: EngineFacts) => EngineFacts): void {
    this.#facts.set(name, change(this.#facts.get(name) ?? NOTHING));
  }
}

const NOTHING: EngineFacts = {
  ...{ asked: 0, failed: 0, firstByteMs: [], failoverMs: [], opened: 0, requests: 0 },
};

function tokensOfBoth(one?: TokenStats, other?: TokenStats): TokenStats | undefined {
  if (!one || !other) return one ?? other;
  const { input, cached, output } = other;
  return { input: one.input + input, cached: one.cached + cached, output: one.output + output };
}

/** Undefined if nothing was spent. */
function tokensBetween(before?: TokenStats, now?: TokenStats): TokenStats | undefined {
  if (!now || (now.input === before?.input && now.output === before.output)) return undefined;
  const { input, cached, output } = before ?? { input: 0, cached: 0, output: 0 };
  return { input: now.input - input, cached: now.cached - cached, output: now.output - output };
}

function more(list: readonly number[], ms: number): number[] {
  return [...list, Math.max(0, ms)].slice(0, MOST);
}
