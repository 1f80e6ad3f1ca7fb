import type { Clock } from '../../machines/clock.ts';
import { type ErrorCode, ParleyError } from '../../machines/errors.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../ports/tts.ts';

/** What an engine may answer to a voice that it does not have. A dead or busy engine answers otherwise. */
const MAY_MEAN_UNKNOWN: ReadonlySet<ErrorCode> = new Set(['ENGINE_REQUEST', 'ENGINE_PROTOCOL', 'TTS_FAILED']);
/** After this, a refused voice is tried again: the server may have it now. */
const REFUSED_MS = 600_000;
/** Voices that are remembered. Clients may request any name. */
const MOST_VOICES = 100;

export interface VoicesOptions {
  readonly clock: Clock;
  /** Called once for each voice that the engine does not have. */
  readonly onUnknown: (voice: string, error: ParleyError) => void;
}

/**
 * Speaks in the requested voice of one engine, or in the engine's default voice if it does not have the requested one. A
 * client may request the voice of another service, such as `marin`: that is not a failure of the engine.
 */
export class Voices {
  readonly #options: VoicesOptions;
  /** Voices that have spoken: what fails now is not the voice. */
  readonly #known = new Set<string>();
  /** Until when the default voice speaks for these, ms. */
  readonly #refused = new Map<string, number>();
  readonly #reported = new Set<string>();

  constructor(options: VoicesOptions) {
    this.#options = options;
  }

  /** The request as the engine gets it: without a voice that it is known not to have. */
  resolve(request: TtsRequest): TtsRequest {
    const { voice, ...others } = request;
    const untilMs = voice === undefined ? undefined : this.#refused.get(voice);
    return untilMs !== undefined && this.#options.clock.nowMs() < untilMs ? others : request;
  }

  async *speak(engine: TtsEngine, asked: TtsRequest, signal: AbortSignal): AsyncGenerator<TtsEvent> {
    const request = this.resolve(asked);
    const { voice, ...others } = request;
    if (voice === undefined || this.#known.has(voice)) {
      yield* engine.synthesize(request, signal);
      return;
    }
    let error = new ParleyError('TTS_FAILED', `${engine.name} gave no audio`);
    try {
      let begun = false;
      for await (const event of engine.synthesize(request, signal)) {
        begun = true;
        this.#remember(voice);
        yield event;
      }
      if (begun || !/[\p{L}\p{N}]/u.test(request.text)) return;
    } catch (thrown) {
      const mayBeVoice = thrown instanceof ParleyError && MAY_MEAN_UNKNOWN.has(thrown.code);
      if (!mayBeVoice || this.#known.has(voice) || signal.aborted) throw thrown;
      error = thrown;
    }
    let any = false;
    for await (const event of engine.synthesize(others, signal)) {
      if (!any) this.#refuse(voice, error);
      any = true;
      yield event;
    }
  }

  #remember(voice: string): void {
    if (this.#known.size >= MOST_VOICES) this.#known.clear();
    this.#known.add(voice);
  }

  #refuse(voice: string, error: ParleyError): void {
    if (this.#refused.size >= MOST_VOICES) this.#refused.clear();
    this.#refused.set(voice, this.#options.clock.nowMs() + REFUSED_MS);
    if (this.#reported.has(voice) || this.#reported.size >= MOST_VOICES) return;
    this.#reported.add(voice);
    this.#options.onUnknown(voice, error);
  }
}
