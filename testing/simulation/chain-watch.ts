import type { AskReason, ChainEvent } from '../../actors/chain/mod.ts';
import type { EngineKind } from '../../actors/subjects.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Sickbay } from './sickness.ts';
import type { Sometimes } from './sometimes.ts';

/** One request to one engine of a chain. */
export interface ChainRequest {
  /** It yields its first event. */
  readonly answers: () => void;
  /** All of its resources are free. */
  readonly over: () => void;
}

export interface ChainWatchOptions {
  readonly clock: Clock;
  readonly sickbay: Sickbay;
  /** Initial and maximum time that a breaker stays open, ms. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly reached: (name: Sometimes) => void;
  readonly found: (what: string) => void;
}

/** In the order in which a chain asks them. */
export const ENGINE_NAMES = ['a', 'b', 'c'] as const;
/** Maximum duration of an answer, and so of a probe, ms. */
const ANSWER_MS = 15_000;

/**
 * Watches the chains of a world for events that should sometimes happen, and counts the running requests of their
 * engines.
 */
export class ChainWatch {
  /** Running requests, with their start times. */
  readonly active = new Set<object>();
  /** Number of segments that began to sound and were finished by another engine. */
  takenOver = 0;
  readonly #reached: (name: Sometimes) => void;
  readonly #probed = new Set<string>();
  /** Start times of recent requests. */
  readonly #begunMs: Readonly<Record<EngineKind, number[]>> = { stt: [], llm: [], tts: [] };
  readonly #options: ChainWatchOptions;
  #reason: AskReason = 'first';
  /** Requests whose answer has begun, until the chain has dropped the others. */
  #winner: { readonly kind: EngineKind; readonly engine: string } | undefined;
  #brokeOff: string | undefined;

  constructor(options: ChainWatchOptions) {
    this.#options = options;
    this.#reached = options.reached;
  }

  readonly onEvent = (event: ChainEvent): void => {
    const name = `${event.kind} ${event.engine}`;
    switch (event.type) {
      case 'asked':
        this.#reason = event.reason;
        if (event.reason === 'first') this.#checkOrder(event.kind, event.engine);
        return;
      case 'firstByte': {
        const winner = event;
        this.#winner = winner;
        queueMicrotask(() => {
          if (this.#winner === winner) this.#winner = undefined;
        });
        return;
      }
      case 'failed':
        if (event.kind === 'tts' && event.midway) this.#brokeOff = event.engine;
        return;
      case 'switched':
        if (event.kind !== 'tts' || this.#brokeOff !== event.from) return;
        this.takenOver += 1;
        this.#reached('a speech engine broke off in mid-segment, and another spoke the rest');
        return;
      case 'streaming':
        this.#reached(
          event.on
            ? 'an engine that had been asked for whole answers streamed again'
            : 'an engine that kept breaking off was asked for whole answers',
        );
        return;
      case 'breaker':
        if (event.state === 'probing') this.#probed.add(name);
        else if (event.state === 'closed' && this.#probed.delete(name))
          this.#reached('the breaker of an engine closed after a probe');
        else if (event.state === 'open') {
          this.#reached('the breaker of an engine opened');
          if (event.ms > this.#options.backoffMs) this.#reached('the probe of an engine failed');
          this.#probed.delete(name);
        }
        return;
      default:
        return;
    }
  };

  /**
   * An engine that is skipped must have a reason: once it has been healthy for as long as its breaker may be open, and
   * a request came that could be its probe, it must be asked again.
   */
  #checkOrder(kind: EngineKind, engine: string): void {
    const { clock, sickbay, maxBackoffMs, found } = this.#options;
    const nowMs = clock.nowMs();
    // The request that failed last began while the engine was sick.
    const restedMs = ANSWER_MS + maxBackoffMs;
    const begun = this.#begunMs[kind];
    while ((begun[0] ?? nowMs) < nowMs - 2 * restedMs) begun.shift();
    begun.push(nowMs);
    for (const [place, name] of ENGINE_NAMES.entries()) {
      if (name === engine) return;
      const sinceMs = begun.find(
        (ms) => ms < nowMs - ANSWER_MS && sickbay.workedSince(kind, place, ms - restedMs),
      );
      if (sinceMs !== undefined) found(`${kind} ${name} is well again, and not asked since ${sinceMs}`);
    }
  }

  /** An engine is asked, just after the chain's event for it. */
  asked(kind: EngineKind, engine: string, signal: AbortSignal): ChainRequest {
    const reason = this.#reason;
    let answered = false;
    let over = false;
    const request = { kind, engine, reason, atMs: this.#options.clock.nowMs() };
    this.active.add(request);
    const onAbort = () => {
      const winner = this.#winner;
      if (answered || winner?.kind !== kind || winner.engine === engine) return;
      this.#reached(
        reason === 'hedge' ? 'an engine that was hedged answered first' : 'a hedge answered first',
      );
    };
    signal.addEventListener('abort', onAbort, { once: true });
    return {
      answers: () => {
        if (answered) return;
        answered = true;
        if (reason === 'failed' && kind === 'llm')
          this.#reached('a language engine failed before its first token, and the next one answered');
      },
      over: () => {
        if (over) return;
        over = true;
        this.active.delete(request);
        signal.removeEventListener('abort', onAbort);
      },
    };
  }
}
