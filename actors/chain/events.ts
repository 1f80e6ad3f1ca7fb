import type { ParleyError } from '../../machines/errors.ts';
import type { EngineKind } from '../subjects.ts';

/**
 * Why an engine is asked: it is first in order, another one failed, another one is slower than usual, or as a probe.
 */
export type AskReason = 'first' | 'failed' | 'hedge' | 'probe';

/** Events of a chain of engines, for logs and metrics. Durations are ms. */
export type ChainEvent = {
  readonly kind: EngineKind;
  /** Name of the engine. */
  readonly engine: string;
} & (
  | { readonly type: 'warmed'; readonly ms: number }
  | { readonly type: 'notWarmed'; readonly ms: number; readonly error: ParleyError }
  | { readonly type: 'asked'; readonly reason: AskReason }
  /** Time to first text or first audio. For a recogniser: from the end of the audio to the final transcript. */
  | { readonly type: 'firstByte'; readonly ms: number }
  /** `midway`: part of the answer was already passed on. A cancelled request is not a failure. */
  | { readonly type: 'failed'; readonly error: ParleyError; readonly ms: number; readonly midway: boolean }
  /** The request continues with `engine`, because `from` failed. */
  | { readonly type: 'switched'; readonly from: string }
  /** `engine` does not have the requested voice, and speaks in its default one. Once for each voice. */
  | { readonly type: 'voiceUnknown'; readonly voice: string; readonly error: ParleyError }
  /** `engine` is asked too, because `from` has not answered for `ms`. */
  | { readonly type: 'hedged'; readonly from: string; readonly ms: number }
  /** `open`: it gets no requests for `ms`. */
  | { readonly type: 'breaker'; readonly state: 'open'; readonly ms: number }
  | { readonly type: 'breaker'; readonly state: 'probing' | 'closed' }
  /** Whether its answers are requested whole because its streams kept breaking off. */
  | { readonly type: 'streaming'; readonly on: boolean }
);

/** A {@link ChainEvent} without its `kind` and `engine`. */
export type ChainEventBody = ChainEvent extends infer Event
  ? Event extends ChainEvent
    ? Omit<Event, 'kind' | 'engine'>
    : never
  : never;
