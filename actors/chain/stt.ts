import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import type { TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { AsyncQueue } from '../async-queue.ts';
import { cancelled, throwIfAborted } from '../cancellation.ts';
import type { SttEngine, SttEvent } from '../ports/stt.ts';
import { type Attempt, asParleyError, hedgeDelay, type Open } from './attempt.ts';
import { Chain, type Order } from './chain.ts';
import { KeptAudio } from './kept-audio.ts';
import type { ReportsHealth } from './llm.ts';
import type { ChainOptions } from './options.ts';

export interface SttChainOptions extends ChainOptions {
  /** Longest audio kept of an utterance for the next engine, ms; no engine gets more. Default 60,000. */
  readonly maxKeptMs?: number;
}

type SttAttempt = Attempt<SttEngine, SttEvent>;

/**
 * Returns several recognisers as one. It keeps the utterance, so that after a failure the next engine hears it from its
 * start. The first final transcript counts. Partials come from the running engine that was asked first. Throws
 * CONFIG_INVALID.
 */
export function chainStt(engines: readonly SttEngine[], options: SttChainOptions): SttEngine & ReportsHealth {
  const chain = new Chain('stt', engines, options);
  return {
    name: chain.name,
    tellsPartials: engines[0]?.tellsPartials === true,
    health: () => chain.health,
    warm: () => chain.warm(),
    close: () => chain.close(),
    async *transcribe(audio, request, signal) {
      throwIfAborted(signal);
      const order = chain.order();
      const hearing = new Hearing(chain, order, options, audio, signal);
      hearing.start((heard) => (engine, aborted) => engine.transcribe(heard(), request, aborted));
      try {
        for await (const event of hearing.events) {
          yield event;
          if (event.type === 'final') return;
        }
      } finally {
        hearing.stop();
      }
    },
  };
}

type Listen = (heard: () => AsyncIterable<Pcm<PipelineRate>>) => Open<SttEngine, SttEvent>;

/** One utterance and the engines that hear it. */
class Hearing {
  readonly events = new AsyncQueue<SttEvent>();
  readonly #chain: Chain<SttEngine>;
  readonly #order: Order<SttEngine>;
  readonly #options: SttChainOptions;
  readonly #signal: AbortSignal;
  readonly #audio: KeptAudio<PipelineRate>;
  /** In the order in which they were asked. */
  readonly #running = new Map<SttAttempt, { limited: boolean; timers: TimerHandle[] }>();
  #probes: readonly SttAttempt[] = [];
  #open: Open<SttEngine, SttEvent> | undefined;
  #next = 0;
  /** When the utterance ended. */
  #endMs: number | undefined;
  /** True once the last healthy engine is late: the remaining ones are then asked at once. */
  #late = false;
  #over = false;

  constructor(
    chain: Chain<SttEngine>,
    order: Order<SttEngine>,
    options: SttChainOptions,
    audio: AsyncIterable<Pcm<PipelineRate>>,
    signal: AbortSignal,
  ) {
    this.#chain = chain;
    this.#order = order;
    this.#options = options;
    this.#signal = signal;
    const alone = chain.members.length === 1;
    this.#audio = new KeptAudio(audio, alone ? undefined : (options.maxKeptMs ?? 60_000), () =>
      this.#onAudioEnd(),
    );
  }

  start(listen: Listen): void {
    this.#open = listen(() => this.#audio.read());
    this.#probes = this.#chain.probe(this.#order, this.#open, isFinal, false);
    this.#ask('first');
  }

  stop(): void {
    this.#over = true;
    for (const [attempt, { timers }] of this.#running) {
      for (const timer of timers) timer.cancel();
      attempt.abandon();
    }
    this.#running.clear();
    this.#audio.stop();
  }

  #ask(reason: 'first' | 'failed' | 'hedge'): void {
    const member = this.#order.members[this.#next];
    if (!member || !this.#open) return;
    const limited = this.#next < this.#order.healthy - 1;
    this.#next++;
    const attempt: SttAttempt = this.#chain.ask(member, reason, this.#open, this.#signal);
    this.#running.set(attempt, { limited, timers: [] });
    if (this.#endMs !== undefined) this.#watch(attempt);
    void this.#follow(attempt);
  }

  #onAudioEnd(): void {
    this.#endMs = this.#options.clock.nowMs();
    for (const attempt of this.#running.keys()) this.#watch(attempt);
    for (const probe of this.#probes) this.#limit(probe, (error) => probe.fail(error));
  }

  /** Starts the deadline for the final transcript, once the utterance ended. */
  #watch(attempt: SttAttempt): void {
    const entry = this.#running.get(attempt);
    if (!entry) return;
    const { firstByteMs } = this.#options;
    if (entry.limited) {
      entry.timers.push(this.#limit(attempt, (error) => this.#lose(attempt, error)));
      const ms = hedgeDelay(attempt, this.#options);
      if (ms !== undefined) entry.timers.push(this.#hedge(attempt, ms));
    } else if (this.#order.members[this.#next]) {
      entry.timers.push(
        this.#hedge(attempt, firstByteMs, () => {
          this.#late = true;
        }),
      );
    }
  }

  /** Asks the next engine too, after `ms`. */
  #hedge(attempt: SttAttempt, ms: number, onHedge?: () => void): TimerHandle {
    return this.#options.clock.setTimer(ms, () => {
      const next = this.#order.members[this.#next];
      if (!next) return;
      onHedge?.();
      this.#chain.emit(next.engine.name, { type: 'hedged', from: attempt.member.engine.name, ms });
      this.#ask('hedge');
    });
  }

  #limit(attempt: SttAttempt, fail: (error: ParleyError) => void): TimerHandle {
    const { clock, firstByteMs } = this.#options;
    const { name } = attempt.member.engine;
    return clock.setTimer(firstByteMs, () =>
      fail(new ParleyError('STT_TIMEOUT', `${name}, ${firstByteMs} ms`)),
    );
  }

  async #follow(attempt: SttAttempt): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await attempt.next();
        if (this.#over || !this.#running.has(attempt)) return;
        if (done) throw new ParleyError('ENGINE_PROTOCOL', 'the engine ended without a final transcript');
        if (value.type === 'final') {
          this.#win(attempt, value);
          return;
        }
        const [lead] = this.#running.keys();
        if (attempt === lead) this.events.push(value);
      }
    } catch (thrown) {
      this.#lose(attempt, asParleyError(thrown, 'STT_FAILED'));
    }
  }

  #win(attempt: SttAttempt, final: SttEvent): void {
    const nowMs = this.#options.clock.nowMs();
    attempt.answer(this.#endMs ?? nowMs);
    attempt.succeed();
    this.#forget(attempt);
    this.stop();
    this.events.push(final);
  }

  #lose(attempt: SttAttempt, error: ParleyError): void {
    if (this.#over || !this.#running.has(attempt)) return;
    attempt.fail(error);
    this.#forget(attempt);
    if (this.#signal.aborted || this.#chain.closed) {
      this.stop();
      this.events.abort(cancelled(this.#signal));
      return;
    }
    const next = this.#order.members[this.#next];
    if (this.#running.size > 0 && !(this.#late && next)) return;
    if (next) {
      this.#chain.emit(next.engine.name, { type: 'switched', from: attempt.member.engine.name });
      this.#ask('failed');
      return;
    }
    this.stop();
    this.events.fail(error);
  }

  #forget(attempt: SttAttempt): void {
    for (const timer of this.#running.get(attempt)?.timers ?? []) timer.cancel();
    this.#running.delete(attempt);
  }
}

function isFinal({ type }: SttEvent): boolean {
  return type === 'final';
}
