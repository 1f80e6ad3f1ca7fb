import type { AskReason, ChainEvent } from '../../actors/chain/mod.ts';
import type { EngineKind } from '../../actors/subjects.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Sickbay } from './sickness.ts';
import type { Sometimes } from './sometimes.ts';

/** One request to one engine of a chain. */
export interface ChainRequest {
  /** It yields its first event. */
  readonly answers: () => void;
  /** Nothing of it is left. */
  readonly over: () => void;
}

export interface ChainWatchOptions {
  readonly clock: Clock;
  readonly sickbay: Sickbay;
  /** How long an engine is left alone at first, and at most, ms. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly reached: (name: Sometimes) => void;
  readonly found: (what: string) => void;
}

/** In the order in which a chain asks them. */
export const ENGINE_NAMES = ['a', 'b', 'c'] as const;
/** An answer, and with it a probe, does not take longer, ms. */
const ANSWER_MS = 15_000;

/** Watches the chains of a world for what should sometimes happen, and counts the requests that their engines have in hand. */
export class ChainWatch {
  /** Requests that the engines work on, and since when. */
  readonly active = new Set<object>();
  /** How often a segment that had begun to sound was ended by another engine. */
  takenOver = 0;
  readonly #reached: (name: Sometimes) => void;
  readonly #probed = new Set<string>();
  /** When requests began, of the last while. */
  readonly #begunMs: Readonly<Record<EngineKind, number[]>> = { stt: [], llm: [], tts: [] };
  readonly #options: ChainWatchOptions;
  #reason: AskReason = 'first';
  /** Whose answer has begun, until the chain has given up the others for it. */
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
        this.#reached('a speech engine broke off in mid-segment, and another said the rest');
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
          this.#reached('an engine that was left alone was probed and taken back');
        else if (event.state === 'open') {
          this.#reached('an engine of a chain was left alone');
          if (event.ms > this.#options.backoffMs) this.#reached('the probe of an engine failed');
          this.#probed.delete(name);
        }
        return;
      default:
        return;
    }
  };

  /**
   * Whoever comes before the engine that is asked first has a reason not to be asked: if it has been well for as long as
   * it may have been left alone, and a request came that was its probe, it is back.
   */
  #checkOrder(kind: EngineKind, engine: string): void {
    const { clock, sickbay, maxBackoffMs, found } = this.#options;
    const nowMs = clock.nowMs();
    // What failed last was asked while it was ill.
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

  /** An engine is asked: by the chain that has said so a moment ago. */
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
