import { raceAbort, throwIfAborted } from '../../actors/cancellation.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../../actors/ports/tts.ts';
import { joinedSamples, msOfSamples, samplesInMs } from '../../machines/audio.ts';
import type { PhraseCache } from './phrase-cache.ts';
import type { Phrase, PhraseMark } from './phrase-cache-file.ts';

export interface CachedTtsOptions {
  /**
   * Everything besides the request that determines the engine's sound, such as its voice and speed. Default: nothing.
   */
  readonly identity?: string;
  /** Longer speech is not kept, in ms. Default 15,000. */
  readonly maxPhraseMs?: number;
  /** Whether a text comes from the configuration and may be written to disk. Default: only texts given to `prepare`. */
  readonly isFixed?: (text: string) => boolean;
}

/** A speech engine with a phrase cache. */
export interface CachedTts extends TtsEngine {
  cached(request: TtsRequest): boolean;
  /** Synthesises a configured phrase in advance unless it is cached; resolves with true if it was synthesised. Rejects with the errors of `synthesize`.
   */
  prepare(request: TtsRequest, signal: AbortSignal): Promise<boolean>;
}

/**
 * Cached audio is yielded in pieces of this length, in ms, so that the first one does not wait for the whole phrase.
 */
const PIECE_MS = 100;

/** `engine` with repeated speech from `cache`, including marks. A synthesis is cached on its second request or by `prepare`, and only if it is complete. The cache stays open when the engine is closed.
 */
export function cachedTts(engine: TtsEngine, cache: PhraseCache, options: CachedTtsOptions = {}): CachedTts {
  const { identity = '', maxPhraseMs = 15_000, isFixed = () => false } = options;
  const keyOf = ({ text, language, voice = '' }: TtsRequest) =>
    JSON.stringify([engine.name, identity, voice, language, text]);

  async function* recorded(
    request: TtsRequest,
    key: string,
    fixed: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<TtsEvent> {
    const recording = new Recording(maxPhraseMs);
    for await (const event of engine.synthesize(request, signal)) {
      recording.add(event);
      yield event;
    }
    const phrase = recording.phrase();
    if (phrase) cache.keep(key, phrase, fixed);
  }

  return {
    name: engine.name,
    ...(engine.warm && { warm: () => engine.warm?.() ?? Promise.resolve() }),
    close: () => engine.close(),
    cached: (request) => cache.has(keyOf(request)),
    async *synthesize(request, signal) {
      throwIfAborted(signal);
      const key = keyOf(request);
      const phrase = cache.find(key);
      if (phrase) yield* played(phrase, signal);
      else if (cache.repeats(key)) yield* recorded(request, key, isFixed(request.text), signal);
      else {
        // Not awaited: speech does not wait for other servers. The next time the phrase may be here.
        if (isFixed(request.text)) void cache.share(key);
        yield* engine.synthesize(request, signal);
      }
    },
    async prepare(request, signal) {
      throwIfAborted(signal);
      const key = keyOf(request);
      if (await raceAbort(cache.share(key), signal)) return false;
      for await (const _event of recorded(request, key, true, signal));
      return true;
    },
  };
}

function* played({ rate, samples, marks }: Phrase, signal: AbortSignal): Generator<TtsEvent> {
  const step = samplesInMs(PIECE_MS, rate);
  let mark = 0;
  for (let at = 0; at < samples.length; at += step) {
    throwIfAborted(signal);
    for (let next = marks[mark]; next && next.sample < at + step; next = marks[++mark]) yield next;
    // A copy, because the receiver may change it.
    yield { type: 'audio', pcm: { rate, samples: samples.slice(at, at + step) } };
  }
  yield* marks.slice(mark);
}

/** Records the speech of an engine while it can become a phrase. */
class Recording {
  readonly #maxMs: number;
  readonly #marks: PhraseMark[] = [];
  #pieces: Int16Array[] = [];
  #samples = 0;
  #rate: number | undefined;
  #spoilt = false;

  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  add(event: TtsEvent): void {
    if (this.#spoilt) return;
    if (event.type !== 'audio') {
      this.#marks.push(event);
      return;
    }
    const { rate, samples } = event.pcm;
    this.#rate ??= rate;
    this.#samples += samples.length;
    this.#pieces.push(samples.slice());
    this.#spoilt = rate !== this.#rate || msOfSamples(this.#samples, rate) > this.#maxMs;
    if (this.#spoilt) this.#pieces = [];
  }

  /** The phrase; undefined if it is empty or too long. */
  phrase(): Phrase | undefined {
    if (this.#spoilt || this.#rate === undefined || this.#samples === 0) return undefined;
    const samples = joinedSamples(this.#pieces);
    const marks = this.#marks.toSorted((a, b) => a.sample - b.sample);
    return { rate: this.#rate, samples, marks };
  }
}
