import { ParleyError } from '../../machines/errors.ts';
import type { EngineKind } from '../subjects.ts';
import {
  Attempt,
  aliveUntil,
  asParleyError,
  FAILED,
  firstByteLimit,
  type Open,
  stallLimit,
} from './attempt.ts';
import type { AskReason, ChainEventBody } from './events.ts';
import { Member } from './member.ts';
import type { ChainOptions } from './options.ts';

/** What engines of all kinds have in common. */
export interface ChainedEngine {
  readonly name: string;
  warm?(): Promise<void>;
  close(): Promise<void>;
}

/** Engines to ask for one request, in order. The first `healthy` ones have a closed breaker. */
export interface Order<Engine extends ChainedEngine> {
  readonly members: readonly Member<Engine>[];
  readonly healthy: number;
}

/** Health of one engine, for metrics. */
export interface MemberHealth {
  readonly engine: string;
  readonly state: 'closed' | 'open' | 'probing';
  readonly streaming: boolean;
  /** ms, once twenty answers are known. */
  readonly p95Ms: number | undefined;
}

/** The engines of one kind, in the order in which they are asked, and their running requests. */
export class Chain<Engine extends ChainedEngine> {
  readonly kind: EngineKind;
  readonly options: ChainOptions;
  readonly members: readonly Member<Engine>[];
  readonly #open = new Set<{ abandon(): void }>();
  #closed: Promise<void> | undefined;

  /** Throws CONFIG_INVALID if the list is empty or two engines have the same name. */
  constructor(kind: EngineKind, engines: readonly Engine[], options: ChainOptions) {
    this.kind = kind;
    this.options = options;
    const names = engines.map(({ name }) => name);
    if (engines.length === 0)
      throw new ParleyError('CONFIG_INVALID', `a chain needs at least one ${kind} engine`);
    if (new Set(names).size < names.length)
      throw new ParleyError('CONFIG_INVALID', `two ${kind} engines have the same name: ${names.join(', ')}`);
    this.members = engines.map(
      (engine, place) => new Member(engine, place, options, (event) => this.emit(engine.name, event)),
    );
  }

  /** The name of a single engine, or all names joined; a token of a subject. */
  get name(): string {
    return this.members.map(({ engine }) => engine.name).join('+');
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  get health(): readonly MemberHealth[] {
    return this.members.map(({ engine, breaker, streams, latency }) => ({
      engine: engine.name,
      state: breaker.state,
      streaming: this.options.stream !== false && streams.state === 'closed',
      p95Ms: latency.p95(),
    }));
  }

  emit(engine: string, event: ChainEventBody): void {
    this.options.onEvent?.({ kind: this.kind, engine, ...event });
  }

  /** Healthy engines first; the others are asked only when all of these failed. Throws CANCELLED after close. */
  order(except: ReadonlySet<Member<Engine>> = new Set()): Order<Engine> {
    if (this.#closed) throw new ParleyError('CANCELLED', 'the engine is closed');
    const left = this.members.filter((member) => !except.has(member));
    const healthy = left.filter(({ breaker }) => breaker.state === 'closed');
    return {
      members: [...healthy, ...left.filter((one) => !healthy.includes(one))],
      healthy: healthy.length,
    };
  }

  ask<Event>(
    member: Member<Engine>,
    reason: AskReason,
    open: Open<Engine, Event>,
    signal: AbortSignal,
  ): Attempt<Engine, Event> {
    const { name } = member.engine;
    const emit = (event: ChainEventBody) => this.emit(name, event);
    emit({ type: 'asked', reason });
    const attempt: Attempt<Engine, Event> = new Attempt(
      { kind: this.kind, options: this.options, emit, onOver: () => this.#open.delete(attempt) },
      member,
      reason,
      open,
      signal,
    );
    this.#open.add(attempt);
    if (signal.aborted) attempt.abandon();
    return attempt;
  }

  /**
   * Probes the engines whose breaker is open with a copy of the current request. The answer is read to the end and
   * dropped, so nothing waits for it. `timed`: the answer's time counts from now. Does nothing while every engine is
   * sick, because each request is then a trial by itself.
   */
  probe<Event>(
    order: Order<Engine>,
    open: Open<Engine, Event>,
    answers: (event: Event) => boolean,
    timed = true,
  ): readonly Attempt<Engine, Event>[] {
    if (order.healthy === 0) return [];
    const due = order.members.slice(order.healthy).filter(({ breaker }) => breaker.takeProbe());
    return due.map((member) => {
      const attempt = this.ask(member, 'probe', open, new AbortController().signal);
      void this.#drain(attempt, answers, timed);
      return attempt;
    });
  }

  /**
   * Warms every engine. Rejects only if none can be used. The breaker of an engine that cannot be warmed opens, so that
   * no request has to find out again.
   */
  async warm(): Promise<void> {
    const { clock } = this.options;
    const errors: ParleyError[] = [];
    await Promise.all(
      this.members.map(async ({ engine, breaker }) => {
        if (!engine.warm) return;
        const startMs = clock.nowMs();
        try {
          await engine.warm();
          this.emit(engine.name, { type: 'warmed', ms: clock.nowMs() - startMs });
        } catch (thrown) {
          const error = asParleyError(thrown, FAILED[this.kind]);
          errors.push(error);
          this.emit(engine.name, { type: 'notWarmed', ms: clock.nowMs() - startMs, error });
          if (this.members.length > 1) breaker.trip();
        }
      }),
    );
    const [first] = errors;
    if (first && errors.length === this.members.length) throw first;
  }

  /**
   * Ends running requests with CANCELLED and closes every engine. Rejects with the first error, after all are closed.
   * Idempotent.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const attempt of [...this.#open]) attempt.abandon();
    const results = await Promise.allSettled(this.members.map(async ({ engine }) => engine.close()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #drain<Event>(
    attempt: Attempt<Engine, Event>,
    answers: (event: Event) => boolean,
    timed: boolean,
  ): Promise<void> {
    const { options } = this;
    const { clock } = options;
    const startMs = clock.nowMs();
    let dueMs = startMs + firstByteLimit(attempt, options);
    try {
      for (;;) {
        const limit = attempt.answered ? stallLimit(options) : Math.max(0, dueMs - clock.nowMs());
        const { done, value } = await attempt.next(timed ? limit : undefined);
        if (done) break;
        if (answers(value)) attempt.answer();
        else if (this.kind === 'llm') dueMs = aliveUntil(attempt, startMs, options);
      }
      attempt.succeed();
    } catch (thrown) {
      attempt.fail(asParleyError(thrown, FAILED[this.kind]));
    }
  }
}
