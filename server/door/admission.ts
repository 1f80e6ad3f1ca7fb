import { isIPv6 } from 'node:net';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { DoorLog } from './door.ts';
import type { Payer, Share } from './quotas.ts';
import { TokenBucket } from './token-bucket.ts';

/**
 * Returns why no session or turn should begin now; undefined if one may. Must be cheap in that case. `asks`: none begins yet.
 * `names`: the client's network and account, as far as they are known.
 */
export type Gate = (
  what: 'session' | 'turn',
  asks?: boolean,
  names?: readonly string[],
) => ParleyError | undefined;
/** Called when a session that a gate let in has ended, with how long it lived, ms. */
export type OnEnded = (livedMs: number) => void;

/** Time in which the load of a burst of turns can be measured, s. */
const MEASURED_S = 1;

/**
 * A gate that lets so many turns begin at once, and as many in `MEASURED_S`: the other gates measure load, which a burst causes
 * only after all of it has begun. Put it last, so that it counts only what may begin.
 */
export function burstGate(clock: Clock, turns: number): Gate {
  const left = new TokenBucket(clock, { burst: turns, perSecond: turns / MEASURED_S });
  return (what) =>
    what === 'session' || left.take(1)
      ? undefined
      : new ParleyError('OVERLOADED', `too many turns began within ${MEASURED_S} s`);
}

/** What a client is known by to a gate: its account, and its network, which has many addresses in IPv6. */
export function namesOf({ caller, address = '', relayed }: Payer): readonly string[] {
  return [
    ...(caller.account === undefined ? [] : [`account ${caller.account}`]),
    ...(address === '' || relayed ? [] : [`network ${networkOf(address)}`]),
  ];
}

/** The /64 of an IPv6 address; other addresses as they are. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter(Boolean);
  const after = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = Math.max(0, 8 - groups.length - after.length);
  return [...groups, ...Array<string>(zeros).fill('0'), ...after].slice(0, 4).join(':');
}

/** Minimum time between two log lines while overload continues. */
const LOG_EVERY_MS = 10_000;

/**
 * Checks all gates before a session or turn begins, so that overload refuses new work instead of slowing everything.
 */
export class Admission {
  readonly #gates: readonly Gate[];
  readonly #clock: Clock;
  readonly #log: DoorLog;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  /** How much of what the process can bear it has to do: from 1 on nothing new is admitted. */
  readonly load: () => number;

  readonly onEnded: OnEnded;

  /** What live sessions may take of the quotas of their users and addresses, by session. */
  readonly shares = new Map<string, Share>();

  constructor(
    gates: readonly Gate[],
    clock: Clock,
    log: DoorLog,
    load: () => number = () => 0,
    onEnded: OnEnded = () => {},
  ) {
    this.load = load;
    this.onEnded = onEnded;
    this.#gates = gates;
    this.#clock = clock;
    this.#log = log;
  }

  /** The error of the first gate that is closed, or of the quota of this session's user or address. `asks`: as for gates. */
  refusal(
    what: 'session' | 'turn',
    session?: string,
    asks = false,
    names: readonly string[] = [],
  ): ParleyError | undefined {
    for (const gate of this.#gates) {
      const refusal = gate(what, asks, names);
      if (!refusal) continue;
      if (this.#clock.nowMs() - this.#loggedAtMs >= LOG_EVERY_MS) {
        this.#loggedAtMs = this.#clock.nowMs();
        const { code, message } = refusal;
        this.#log.warn({ code, what }, `new sessions and turns are refused: ${message}`);
      }
      return refusal;
    }
    return session === undefined ? undefined : this.shares.get(session)?.turn();
  }
}
