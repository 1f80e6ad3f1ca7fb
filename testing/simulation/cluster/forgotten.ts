import type { Clock } from '../../../machines/clock.ts';
import type { Broker } from './broker.ts';
import type { Life } from './life.ts';

/** The time that a server has to publish to the brokers again what they have lost, ms. */
const TOLD_MS = 5_000;

/** What the brokers have lost with their memory, until they know it again. */
export class Forgotten {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #broker: Broker;
  /** `owner`: who had the session. */
  #lost: { readonly atMs: number; readonly seq: number; readonly owner: Life | undefined } | undefined;

  constructor(clock: Pick<Clock, 'nowMs'>, broker: Broker) {
    this.#clock = clock;
    this.#broker = broker;
  }

  begin(): void {
    this.#lost = {
      ...{ atMs: this.#clock.nowMs(), owner: this.#lost?.owner ?? this.#broker.authorOf() },
      seq: Math.max(this.#broker.seq, this.#lost?.seq ?? 0),
    };
    this.#broker.forget();
  }

  /** Whether they have just got all of it again. */
  ends(): boolean {
    if (!this.#lost || this.#broker.seq < this.#lost.seq) return false;
    this.#lost = undefined;
    return true;
  }

  /** Number of the last event that they had. */
  get seq(): number | undefined {
    return this.#lost?.seq;
  }

  /** Its server may have died, or was hindered: then no server could publish it to them, or only a server that had lost the session. */
  get isExcused(): boolean {
    if (!this.#lost) return false;
    const { atMs, owner } = this.#lost;
    if (!owner || (owner.over && !owner.fenced)) return true;
    const sinceMs = Math.max(atMs, owner.server.hinderedUntilMs, this.#broker.electingUntilMs);
    return this.#clock.nowMs() - sinceMs < TOLD_MS;
  }

  /** Whether what they have is by a server that had lost the session. */
  get isOlder(): boolean {
    return (this.#broker.openedBy?.epoch ?? 0) < (this.#lost?.owner?.epoch ?? Number.POSITIVE_INFINITY);
  }
}
