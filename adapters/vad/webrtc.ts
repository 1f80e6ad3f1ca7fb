import type { VadEngine, VadStream, VadWindow } from '../../actors/ports/vad.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate, samplesInMs } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type Fvad, type FvadDetector, type FvadOptions, loadFvad } from './fvad.ts';

export interface WebRtcVadOptions {
  /** 0 finds the most speech, 3 the least. Default 2: 3 takes soft words apart. */
  readonly aggressiveness?: number;
  /** Length of a window in ms: 10, 20 or 30. Default 20. */
  readonly frameMs?: number;
}

/** Audio that may wait while the detector is being loaded; beyond it a stream fails. */
const MAX_WAITING = samplesInMs(30_000, PIPELINE_RATE);

/**
 * WebRTC's voice detector: a window is speech (1) or not (0), known before `push` returns. It needs no model file, no native
 * library and no thread. It is loaded with `warm()` or the first stream.
 */
export function webRtcVad({ aggressiveness = 2, frameMs = 20 }: WebRtcVadOptions = {}): VadEngine {
  const windowSamples = samplesInMs(frameMs, PIPELINE_RATE);
  const streams = new Set<WebRtcStream>();
  let closed = false;
  let loaded: Fvad | undefined;
  let loading: Promise<Fvad> | undefined;
  const load = async () => {
    if (closed) throw new ParleyError('VAD_FAILED', 'the engine is closed');
    loading ??= loadFvad();
    try {
      loaded = await loading;
      return loaded;
    } catch (cause) {
      loading = undefined;
      throw new ParleyError('VAD_FAILED', 'the WebRTC detector cannot be loaded', { cause });
    }
  };
  return {
    ...{ name: 'webrtc', windowSamples },
    open(onWindow, onError) {
      const create = (fvad: Fvad, onFrame: FvadOptions['onFrame']) =>
        fvad.create({ aggressiveness, frameMs, onFrame });
      const onClose = (gone: WebRtcStream) => streams.delete(gone);
      const stream = new WebRtcStream({ windowSamples, create, onWindow, onError, onClose });
      streams.add(stream);
      if (loaded && !closed) stream.begin(loaded);
      else
        load().then(
          (fvad) => stream.begin(fvad),
          (error) => stream.fail(error),
        );
      return stream;
    },
    async warm() {
      await load();
    },
    async close() {
      closed = true;
      for (const stream of [...streams]) stream.close();
    },
  };
}

interface StreamOptions {
  readonly windowSamples: number;
  readonly create: (fvad: Fvad, onFrame: FvadOptions['onFrame']) => FvadDetector;
  readonly onWindow: (window: VadWindow) => void;
  readonly onError: (error: Error) => void;
  readonly onClose: (stream: WebRtcStream) => void;
}

class WebRtcStream implements VadStream {
  readonly #options: StreamOptions;
  #detector: FvadDetector | undefined;
  /** Audio from before the detector was loaded. */
  #waiting: Int16Array[] = [];
  #waitingSamples = 0;
  #nextSample = 0;
  #alive = true;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  push({ rate, samples }: Pcm<PipelineRate>): void {
    if (!this.#alive) return;
    if (rate !== PIPELINE_RATE)
      this.fail(new ParleyError('VAD_FAILED', `expected ${PIPELINE_RATE} Hz, got ${rate} Hz`));
    else if (this.#detector) this.#judge(this.#detector, samples);
    else if (this.#waitingSamples + samples.length > MAX_WAITING)
      this.fail(new ParleyError('VAD_FAILED', 'audio arrived for 30 s before the detector was loaded'));
    else {
      this.#waiting.push(samples.slice());
      this.#waitingSamples += samples.length;
    }
  }

  begin(fvad: Fvad): void {
    if (!this.#alive) return;
    try {
      this.#detector = this.#options.create(fvad, (voice) => this.#report(voice ? 1 : 0));
    } catch (error) {
      this.fail(error);
      return;
    }
    for (const samples of this.#waiting.splice(0)) this.#judge(this.#detector, samples);
  }

  close(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#waiting = [];
    this.#detector?.close();
    this.#options.onClose(this);
  }

  /** Reports the error to the owner, once, and closes. */
  fail(cause: unknown): void {
    if (!this.#alive) return;
    this.close();
    const error =
      cause instanceof ParleyError ? cause : new ParleyError('VAD_FAILED', 'the detector failed', { cause });
    this.#options.onError(error);
  }

  #judge(detector: FvadDetector, samples: Int16Array): void {
    try {
      detector.push(samples);
    } catch (error) {
      this.fail(error);
    }
  }

  #report(probability: 0 | 1): void {
    const startSample = this.#nextSample;
    const { windowSamples, onWindow } = this.#options;
    this.#nextSample += windowSamples;
    onWindow({ startSample, samples: windowSamples, probability });
  }
}
