import type { Pcm } from '../../machines/audio.ts';

export interface TtsRequest {
  /** What is said of one segment of a reply: see `readAloud`. */
  readonly text: string;
  readonly language: string;
  /** Engine-specific; the engine's own default if absent. */
  readonly voice?: string;
  /** Yield nothing unless `cached`. An engine may ignore this flag: the bus host checks `cached` first. */
  readonly cachedOnly?: true;
}

export type TtsEvent =
  /** Audio in order, at the engine's own rate, which is constant within a call. */
  | { readonly type: 'audio'; readonly pcm: Pcm }
  /** A word begins at `sample` (engine rate, from the segment's start); `offset` and `length` are UTF-16 units of `text`. Optional. */
  | { readonly type: 'word'; readonly sample: number; readonly offset: number; readonly length: number }
  /** A phoneme (IPA) begins at `sample`; `viseme` is the mouth shape, 0 (silence) to 21. Optional. */
  | { readonly type: 'phoneme'; readonly sample: number; readonly phoneme: string; readonly viseme: number };

/** Text to speech: one segment per call. Events about a sample come before or with the audio that contains it. */
export interface TtsEngine {
  readonly name: string;
  /** It wants the words as they are written: numbers, signs and abbreviations are not replaced by what is said. */
  readonly readsItself?: true;
  /** Aborting `signal` ends it with CANCELLED and frees everything. Other errors are ParleyErrors (TTS_FAILED, ENGINE_…) with `cause`. */
  synthesize(request: TtsRequest, signal: AbortSignal): AsyncIterable<TtsEvent>;
  /** Whether this request would be answered at once, from memory. Default false. */
  cached?(request: TtsRequest): boolean;
  warm?(): Promise<void>;
  close(): Promise<void>;
}
