import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import type { TurnEnd } from '../../machines/session/events.ts';
import type { Rejection, TimedWord } from '../../machines/wire.ts';

/** What a robot's task waits for, besides what can always be said. */
export interface Expected {
  /** Entries of the dialog that are `ifExpected`, by id: those that can be said now. */
  readonly entries: readonly string[];
  /** Of `entries`, those that answer an open question: they are likelier than all others. */
  readonly answers: readonly string[];
  /** Likely sentences and words in normalised form, the likeliest first, for prompts and hot words. */
  readonly sentences: readonly string[];
}

export interface SttRequest {
  /** BCP 47, such as `en` or `zh-CN`. */
  readonly language: string;
  /**
   * Whether the words belong to the conversation, for an engine of the process that keeps one itself: speech may be
   * discarded while it is recognised. Default: they do.
   */
  readonly counts?: () => boolean;
  /** Absent without a behaviour: then everything can be said. */
  readonly expected?: Expected;
}

export type SttEvent =
  /** The text so far, and what is known of the end of the turn. A later partial replaces an earlier one. */
  | { readonly type: 'partial'; readonly text: string; readonly language?: string; readonly end?: TurnEnd }
  /**
   * The end of the utterance: exactly once, last. `text` is empty if nothing was understood; `confidence` is 0..1 where
   * the engine reports it, and `rejected` says why the text is empty.
   */
  | {
      readonly type: 'final';
      readonly text: string;
      readonly confidence?: number;
      readonly language?: string;
      readonly rejected?: Rejection;
      /** The words with their times from the start of `audio`, if the engine knows them. */
      readonly words?: readonly TimedWord[];
    };

/** Speech to text: one utterance per call. */
export interface SttEngine {
  readonly name: string;
  /** Whether it emits `partial`s while the user still speaks. Default false. */
  readonly tellsPartials?: boolean;
  /**
   * `audio` yields pieces of any length as they arrive and ends when the utterance does. The result ends after `final`.
   * Aborting `signal` ends it with CANCELLED and frees everything. Other errors are ParleyErrors (STT_FAILED, ENGINE_…)
   * with `cause`.
   */
  transcribe(
    audio: AsyncIterable<Pcm<PipelineRate>>,
    request: SttRequest,
    signal: AbortSignal,
  ): AsyncIterable<SttEvent>;
  /** Loads models or opens connections ahead of the first request. */
  warm?(): Promise<void>;
  close(): Promise<void>;
}
