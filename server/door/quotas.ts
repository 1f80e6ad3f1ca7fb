import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { DoorRequest } from './door.ts';
import type { DoorLimits } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** Whom a session counts for: its caller's account, or else its address unless that is another server's. */
export type Payer = Pick<DoorRequest, 'caller' | 'address' | 'relayed'>;

/** What one session may take of the quotas of its payers. */
export interface Share {
  /** Counts a turn, or returns QUOTA_EXCEEDED with when there is room for the next. */
  turn(): ParleyError | undefined;
  /** The session has ended. Call once. */
  leave(): void;
}

const MINUTE_MS = 60_000;

/** One user or address: its live sessions, and what is left of its minute. */
interface Account {
  sessions: number;
  readonly turns: TokenBucket | undefined;
  readonly who: string;
  /** While it has no sessions: until when it is remembered, so that its turns count when it comes back. */
  untilMs: number;
}

/** 0: no limit. */
interface Quota {
  readonly sessions: number;
  readonly turns: number;
}

interface Payment {
  readonly name: string;
  readonly quota: Quota;
  readonly known: Account;
}

/**
 * Sessions at once, and turns a minute of each user, or of the address of callers without an account, at this process. It remembers those that have a
 * session, or had one within the last minute.
 */
export class Quotas {
  readonly #clock: Clock;
  readonly #quota: Quota;
  readonly #accounts = new Map<string, Account>();

  constructor(clock: Clock, limits: DoorLimits) {
    this.#clock = clock;
    this.#quota = {
      sessions: limits.sessionsPerUser,
      turns: limits.turnsPerMinutePerUser,
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
      turn: () => refusalOf(payers) ?? taken(payers),
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
    return new ParleyError('QUOTA_EXCEEDED', `this ${full.known.who} has ${full.known.sessions} sessions`);
  }

  /** The account of the caller, or else its address; none of another server, or without limits. */
  #payers({ caller, address = '', relayed }: Payer): readonly Payment[] {
    const { sessions, turns } = this.#quota;
    if (sessions === 0 && turns === 0) return [];
    if (caller.account !== undefined) return [this.#payer('user', caller.account)];
    return address === '' || relayed ? [] : [this.#payer('address', address)];
  }

  #payer(who: string, of: string): Payment {
    const name = `${who} ${of}`;
    return { name, quota: this.#quota, known: this.#accounts.get(name) ?? this.#newcomer(who) };
  }

  #newcomer(who: string): Account {
    const { turns } = this.#quota;
    const bucket =
      turns === 0 ? undefined : new TokenBucket(this.#clock, { burst: turns, perSecond: turns / 60 });
    return { sessions: 0, turns: bucket, who, untilMs: 0 };
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

/** Why none of their turns may begin now. */
function refusalOf(payers: readonly Payment[]): ParleyError | undefined {
  const short = payers.find(({ known }) => (known.turns?.left ?? 1) < 1);
  if (!short) return undefined;
  const most = short.quota.turns;
  const retryAfterMs = Math.ceil(((1 - (short.known.turns?.left ?? 0)) * MINUTE_MS) / most);
  const detail = `${most} turns a minute of this ${short.known.who}; the next in ${Math.ceil(retryAfterMs / 1_000)} s`;
  return new ParleyError('QUOTA_EXCEEDED', detail, { retryAfterMs });
}

function taken(payers: readonly Payment[]): undefined {
  for (const { known } of payers) known.turns?.take(1);
}
