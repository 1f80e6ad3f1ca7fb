import type { ParleyError } from '../../machines/errors.ts';
import type { EngineKind } from '../subjects.ts';

/** Why an engine of a chain is asked: it is first in order, another failed, another is slower than usual, or to see whether it is well again. */
export type AskReason = 'first' | 'failed' | 'hedge' | 'probe';

/** What happens in a chain of engines, for logs and metrics. Durations are ms. */
export type ChainEvent = {
  readonly kind: EngineKind;
  /** The name of the engine it is about. */
  readonly engine: string;
} & (
  | { readonly type: 'warmed'; readonly ms: number }
  | { readonly type: 'notWarmed'; readonly ms: number; readonly error: ParleyError }
  | { readonly type: 'asked'; readonly reason: AskReason }
  /** First text, first audio, or, of a recogniser, the final transcript counted from the end of the audio. */
  | { readonly type: 'firstByte'; readonly ms: number }
  /** `midway`: part of its answer had been given already. A cancelled request is not a failure. */
  | { readonly type: 'failed'; readonly error: ParleyError; readonly ms: number; readonly midway: boolean }
  /** The request goes on with `engine`, because `from` failed. */
  | { readonly type: 'switched'; readonly from: string }
  /** `engine` is asked too, because `from` has not answered for `ms`. */
  | { readonly type: 'hedged'; readonly from: string; readonly ms: number }
  /** `open`: it gets no requests for `ms`. */
  | { readonly type: 'breaker'; readonly state: 'open'; readonly ms: number }
  | { readonly type: 'breaker'; readonly state: 'probing' | 'closed' }
  /** Its answers are waited for as a whole because it kept breaking off, or stream again. */
  | { readonly type: 'streaming'; readonly on: boolean }
);

/** A {@link ChainEvent} but for its `kind` and `engine`. */
export type ChainEventBody = ChainEvent extends infer Event
  ? Event extends ChainEvent
    ? Omit<Event, 'kind' | 'engine'>
    : never
  : never;
