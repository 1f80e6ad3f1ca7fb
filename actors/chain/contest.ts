import type { TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { cancelled } from '../cancellation.ts';
import {
  type Attempt,
  aliveUntil,
  asParleyError,
  FAILED,
  firstByteLimit,
  hedgeDelay,
  type Open,
} from './attempt.ts';
import type { Chain, ChainedEngine, Order } from './chain.ts';
import type { Member } from './member.ts';

export interface Contest<Engine extends ChainedEngine, Event> {
  readonly order: Order<Engine>;
  readonly open: Open<Engine, Event>;
  /** Whether an event begins the answer. Earlier events are kept and dropped if their engine loses. */
  answers(event: Event): boolean;
  /** An engine shows that it works, but its answer has not begun. */
  alive?(): void;
  /** The error for an answer that ended without such an event; undefined if that is acceptable. */
  missing(engine: Engine): ParleyError | undefined;
  readonly signal: AbortSignal;
  /** The engine that failed before, if this contest continues after it. */
  readonly after?: Member<Engine>;
}

/** The engine that answered first, with its events up to the answer's beginning. */
export interface Winner<Engine extends ChainedEngine, Event> {
  readonly attempt: Attempt<Engine, Event>;
  readonly events: readonly Event[];
  /** True if the answer has already ended. */
  readonly ended: boolean;
}

/**
 * Asks the engines in order until one begins to answer. The next engine is asked at once when one fails or is too slow
 * and, with hedging, in parallel with one that is slower than usual. The last healthy engine keeps running when it is
 * too slow; engines whose breaker is open are then asked in parallel. Losers are aborted. Rejects with the last
 * engine's error, and with CANCELLED.
 */
export function firstToAnswer<Engine extends ChainedEngine, Event>(
  chain: Chain<Engine>,
  contest: Contest<Engine, Event>,
): Promise<Winner<Engine, Event>> {
  return new Promise((resolve, reject) => new Race(chain, contest, resolve, reject).start());
}

class Race<Engine extends ChainedEngine, Event> {
  readonly #chain: Chain<Engine>;
  readonly #contest: Contest<Engine, Event>;
  readonly #resolve: (winner: Winner<Engine, Event>) => void;
  readonly #reject: (error: ParleyError) => void;
  readonly #running = new Set<Attempt<Engine, Event>>();
  #next = 0;
  #hedge: TimerHandle | undefined;
  /** True once the last healthy engine is late: the remaining ones are then asked at once. */
  #late = false;
  #over = false;

  constructor(
    chain: Chain<Engine>,
    contest: Contest<Engine, Event>,
    resolve: (winner: Winner<Engine, Event>) => void,
    reject: (error: ParleyError) => void,
  ) {
    this.#chain = chain;
    this.#contest = contest;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    const { after, order } = this.#contest;
    const first = order.members[0];
    if (!first) {
      this.#reject(new ParleyError(FAILED[this.#chain.kind], 'no other engine is left'));
      return;
    }
    if (after) this.#chain.emit(first.engine.name, { type: 'switched', from: after.engine.name });
    this.#ask(after ? 'failed' : 'first');
  }

  #ask(reason: 'first' | 'failed' | 'hedge'): void {
    const { order, open, signal } = this.#contest;
    const member = order.members[this.#next];
    if (!member) return;
    // Giving a slow engine up is only worth it for one that is well.
    const limited = this.#next < order.healthy - 1;
    this.#next++;
    const attempt = this.#chain.ask(member, reason, open, signal);
    this.#running.add(attempt);
    this.#armHedge(attempt, limited);
    void this.#follow(attempt, limited);
  }

  #armHedge(attempt: Attempt<Engine, Event>, healthyNext: boolean): void {
    this.#hedge?.cancel();
    this.#hedge = undefined;
    const { options } = this.#chain;
    const ms = healthyNext ? hedgeDelay(attempt, options) : firstByteLimit(attempt, options);
    if (ms === undefined || !this.#contest.order.members[this.#next]) return;
    this.#hedge = options.clock.setTimer(ms, () => {
      const next = this.#contest.order.members[this.#next];
      if (!next) return;
      this.#late ||= !healthyNext;
      this.#chain.emit(next.engine.name, { type: 'hedged', from: attempt.member.engine.name, ms });
      this.#ask('hedge');
    });
  }

  async #follow(attempt: Attempt<Engine, Event>, limited: boolean): Promise<void> {
    const { clock } = this.#chain.options;
    const { answers, missing } = this.#contest;
    const startMs = clock.nowMs();
    let dueMs = startMs + firstByteLimit(attempt, this.#chain.options);
    const events: Event[] = [];
    try {
      for (;;) {
        const result = await attempt.next(limited ? Math.max(0, dueMs - clock.nowMs()) : undefined);
        if (this.#over) return;
        if (result.done) {
          const error = missing(attempt.member.engine);
          if (error) throw error;
          attempt.answer();
          this.#win({ attempt, events, ended: true });
          return;
        }
        events.push(result.value);
        if (!answers(result.value)) {
          if (this.#chain.kind !== 'llm') continue;
          // It works, for example it thinks: no other engine is asked in its place.
          dueMs = aliveUntil(attempt, startMs, this.#chain.options);
          if (dueMs > clock.nowMs()) {
            this.#contest.alive?.();
            if (!this.#late && this.#running.size === 1) this.#armHedge(attempt, limited);
          }
          continue;
        }
        attempt.answer();
        this.#win({ attempt, events, ended: false });
        return;
      }
    } catch (thrown) {
      if (!this.#over) this.#lose(attempt, asParleyError(thrown, FAILED[this.#chain.kind]));
    }
  }

  #win(winner: Winner<Engine, Event>): void {
    this.#end();
    this.#running.delete(winner.attempt);
    for (const loser of this.#running) loser.abandon();
    this.#resolve(winner);
  }

  #lose(attempt: Attempt<Engine, Event>, error: ParleyError): void {
    attempt.fail(error);
    this.#running.delete(attempt);
    const { signal, order } = this.#contest;
    const next = order.members[this.#next];
    // Aborted or closed.
    const over = signal.aborted || this.#chain.closed;
    if (!over && this.#running.size > 0 && !(this.#late && next)) return;
    if (!over && next) {
      this.#chain.emit(next.engine.name, { type: 'switched', from: attempt.member.engine.name });
      this.#ask('failed');
      return;
    }
    this.#end();
    this.#reject(over ? cancelled(signal) : error);
  }

  #end(): void {
    this.#over = true;
    this.#hedge?.cancel();
  }
}
