import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { DoorRequest } from './door.ts';
import type { DoorLimits } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** Whom a session counts for: its caller's account, and its address unless that is another server's. */
export type Payer = Pick<DoorRequest, 'caller' | 'address' | 'relayed'>;

/** What one session may take of the quotas of its payers. */
export interface Share {
  /** Counts a turn, or returns QUOTA_EXCEEDED with when there is room for the next. */
  turn(): ParleyError | undefined;
  /** The same with bytes of audio. */
  audio(bytes: number): ParleyError | undefined;
  /** The session has ended. Call once. */
  leave(): void;
}

const MINUTE_MS = 60_000;

/** One user or address: its live sessions, and what is left of its minute. */
interface Account {
  sessions: number;
  readonly turns: TokenBucket | undefined;
  readonly audio: TokenBucket | undefined;
  readonly who: string;
  /** While it has no sessions: until when it is remembered, so that its turns count when it comes back. */
  untilMs: number;
}

/** 0: no limit. */
interface Quota {
  readonly who: string;
  readonly sessions: number;
  readonly turns: number;
  /** Bytes. */
  readonly audio: number;
}

interface Payment {
  readonly quota: Quota;
  readonly known: Account;
}

/**
 * Sessions at once, and turns and audio a minute of each user and each address, at this process. It remembers those that have a
 * session, or had one within the last minute.
 */
export class Quotas {
  readonly #clock: Clock;
  readonly #ofUser: Quota;
  readonly #ofAddress: Quota;
  readonly #accounts = new Map<string, Account>();

  constructor(clock: Clock, limits: DoorLimits) {
    this.#clock = clock;
    this.#ofUser = {
      who: 'user',
      sessions: limits.sessionsPerUser,
      turns: limits.turnsPerMinutePerUser,
      audio: limits.audioKilobytesPerMinutePerUser * 1_000,
    };
    this.#ofAddress = {
      who: 'address',
      sessions: limits.sessionsPerAddress,
      turns: limits.turnsPerMinutePerAddress,
      audio: limits.audioKilobytesPerMinutePerAddress * 1_000,
    };
  }

  /** Number of users and addresses that are remembered. */
  get size(): number {
    return this.#accounts.size;
  }

  /** Counts a new session, or returns QUOTA_EXCEEDED. One that is `continued` was let in before. */
  enter(payer: Payer, continued = false): Share | ParleyError {
    this.#forget();
    const refusal = continued ? undefined : this.refusal(payer);
    if (refusal) return refusal;
    const payers = this.#payers(payer);
    for (const { name, known } of payers) {
      known.sessions += 1;
      this.#accounts.set(name, known);
    }
    return {
      turn: () => refusalOf(payers, 'turns', 1) ?? taken(payers, 'turns', 1),
      audio: (bytes) => refusalOf(payers, 'audio', bytes) ?? taken(payers, 'audio', bytes),
      leave: () => {
        for (const { name, known } of payers) this.#leave(name, known);
      },
    };
  }

  /** Why a new session would not be let in: QUOTA_EXCEEDED, or undefined. */
  refusal(payer: Payer): ParleyError | undefined {
    const full = this.#payers(payer).find(
      ({ quota, known }) => quota.sessions > 0 && known.sessions >= quota.sessions,
    );
    if (!full) return undefined;
    return new ParleyError('QUOTA_EXCEEDED', `this ${full.quota.who} has ${full.known.sessions} sessions`);
  }

  #payers({ caller, address = '', relayed }: Payer) {
    return [
      ...this.#payer(caller.account, this.#ofUser),
      ...this.#payer(address === '' || relayed ? undefined : address, this.#ofAddress),
    ];
  }

  #payer(name: string | undefined, quota: Quota) {
    const { sessions, turns, audio } = quota;
    if (name === undefined || (sessions === 0 && turns === 0 && audio === 0)) return [];
    const key = `${quota.who} ${name}`;
    return [{ name: key, quota, known: this.#accounts.get(key) ?? this.#newcomer(quota) }];
  }

  #newcomer({ who, turns, audio }: Quota): Account {
    const bucket = (most: number) =>
      most === 0 ? undefined : new TokenBucket(this.#clock, { burst: most, perSecond: most / 60 });
    return { sessions: 0, turns: bucket(turns), audio: bucket(audio), who, untilMs: 0 };
  }

  #leave(name: string, known: Account): void {
    known.sessions -= 1;
    if (known.sessions > 0) return;
    known.untilMs = this.#clock.nowMs() + MINUTE_MS;
    // To the end: those that precede it are forgotten first.
    this.#accounts.delete(name);
    this.#accounts.set(name, known);
  }

  /** Forgets those who have had no session for a minute: all their turns are theirs again. */
  #forget(): void {
    const nowMs = this.#clock.nowMs();
    for (const [name, { sessions, untilMs }] of this.#accounts)
      if (sessions === 0 && untilMs <= nowMs) this.#accounts.delete(name);
  }
}

/** Why `units` are more than one of them has left. */
function refusalOf(
  payers: readonly Payment[],
  what: 'turns' | 'audio',
  units: number,
): ParleyError | undefined {
  const short = payers.find(({ known }) => (known[what]?.left ?? units) < units);
  if (!short) return undefined;
  const most = short.quota[what];
  const retryAfterMs = Math.ceil(((units - (short.known[what]?.left ?? 0)) * MINUTE_MS) / most);
  const limit = what === 'turns' ? `${most} turns` : `${most / 1_000} kB of audio`;
  const detail = `${limit} a minute of this ${short.quota.who}; the next in ${Math.ceil(retryAfterMs / 1_000)} s`;
  return new ParleyError('QUOTA_EXCEEDED', detail, { retryAfterMs });
}

function taken(payers: readonly Payment[], what: 'turns' | 'audio', units: number): undefined {
  for (const { known } of payers) known[what]?.take(units);
}
