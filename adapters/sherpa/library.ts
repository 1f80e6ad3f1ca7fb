import { createRequire } from 'node:module';
import { z } from 'zod';

/** The package with sherpa-onnx's native library; optional, about 35 MB. Loaded in worker processes, but for the denoiser. */
export const SHERPA_PACKAGE = 'sherpa-onnx-node';

/** Samples between -1 and 1. */
export interface Waveform {
  readonly samples: Float32Array;
  readonly sampleRate: number;
}

export interface Stream {
  acceptWaveform(wave: Waveform): void;
  inputFinished(): void;
}

/** Decodes while audio arrives. Its calls block. */
export interface OnlineRecognizer {
  createStream(): Stream;
  isReady(stream: Stream): boolean;
  decode(stream: Stream): void;
  getResult(stream: Stream): unknown;
  /** With `enableEndpoint`: whether one of the endpoint rules holds. */
  isEndpoint(stream: Stream): boolean;
}

export interface OfflineRecognizer {
  createStream(): Pick<Stream, 'acceptWaveform'>;
  /** Decodes on another thread. */
  decodeAsync(stream: Pick<Stream, 'acceptWaveform'>): Promise<unknown>;
}

export interface KeywordSpotter {
  createStream(): Stream;
  isReady(stream: Stream): boolean;
  decode(stream: Stream): void;
  /** Forgets what was heard. */
  reset(stream: Stream): void;
  /** The keyword that the last step completed, or ''. */
  getResult(stream: Stream): { readonly keyword: string };
}

export interface GeneratedAudio {
  readonly samples: Float32Array;
  readonly sampleRate: number;
}

export interface OfflineTts {
  readonly numSpeakers: number;
  readonly sampleRate: number;
  /** Synthesises on another thread. `onProgress` gets each part that is ready; false stops. */
  generateAsync(request: {
    readonly text: string;
    readonly generationConfig: Readonly<Record<string, number | Readonly<Record<string, string>>>>;
    readonly enableExternalBuffer: boolean;
    readonly onProgress: (part: { readonly samples: Float32Array }) => boolean;
  }): Promise<GeneratedAudio>;
}

/** Removes noise from one stream of audio. Its calls block. */
export interface OnlineSpeechDenoiser {
  readonly sampleRate: number;
  /** Returns the clean samples that are ready. */
  run(wave: Waveform & { readonly enableExternalBuffer: boolean }): GeneratedAudio;
}

/** What is used of the package, which has no types of its own. */
export interface Sherpa {
  readonly OnlineRecognizer: new (config: object) => OnlineRecognizer;
  readonly OfflineRecognizer: new (config: object) => OfflineRecognizer;
  readonly OfflineTts: new (config: object) => OfflineTts;
  readonly KeywordSpotter: new (config: object) => KeywordSpotter;
  readonly OnlineSpeechDenoiser: new (config: object) => OnlineSpeechDenoiser;
}

const CLASSES = [
  'OnlineRecognizer',
  'OfflineRecognizer',
  'OfflineTts',
  'KeywordSpotter',
  'OnlineSpeechDenoiser',
] as const;

const sherpaSchema = z.custom<Sherpa>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    CLASSES.every((name) => typeof Reflect.get(value, name) === 'function'),
  `not the package ${SHERPA_PACKAGE}`,
);

/** Undefined if the package is not installed, or has no library for this platform. */
export function loadSherpa(): Sherpa | undefined {
  let loaded: unknown;
  try {
    loaded = createRequire(import.meta.url)(SHERPA_PACKAGE);
  } catch (cause) {
    const missing =
      cause instanceof Error &&
      /MODULE_NOT_FOUND|Could not find/u.test(`${Reflect.get(cause, 'code')} ${cause.message}`);
    if (!missing) throw cause;
    return undefined;
  }
  return sherpaSchema.parse(loaded);
}
