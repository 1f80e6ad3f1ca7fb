/** Scripted engines, for tests and benchmarks of the conversation around them. */
import { aborted as hang, pause } from '../actors/cancellation.ts';
import type { LlmEngine, LlmEvent, LlmRequest } from '../actors/ports/llm.ts';
import type { SttEngine, SttEvent } from '../actors/ports/stt.ts';
import type { TtsEngine, TtsRequest } from '../actors/ports/tts.ts';
import type { VadEngine, VadStream, VadWindow } from '../actors/ports/vad.ts';
import { samplesInMs } from '../machines/audio.ts';
import type { Clock } from '../machines/clock.ts';
import { ParleyError } from '../machines/errors.ts';
import type { Rejection, TimedWord } from '../machines/wire.ts';

export { hang, pause };

/** Script of one utterance. `fails` is thrown instead of a final transcript. */
export interface SttScript {
  /** Emitted as soon as audio arrives. */
  readonly partial?: string;
  readonly text?: string;
  /** From the end of the audio to the final transcript. Default 50. */
  readonly finalMs?: number;
  readonly hangs?: boolean;
  readonly fails?: ParleyError;
  readonly confidence?: number;
  /** Why `text` is empty. */
  readonly rejected?: Rejection;
  readonly words?: readonly TimedWord[];
}

/** Recogniser that follows the script: one entry per utterance; the last entry repeats. */
export function scriptedStt(clock: Clock, scripts: readonly SttScript[], name = 'scripted'): SttEngine {
  let next = 0;
  return {
    name,
    async *transcribe(audio, _request, signal): AsyncGenerator<SttEvent, void, void> {
      const script = scripts[Math.min(next++, scripts.length - 1)] ?? {};
      let emitted = false;
      for await (const _piece of audio) {
        if (signal.aborted) throw new ParleyError('CANCELLED');
        if (!emitted && script.partial !== undefined) yield { type: 'partial', text: script.partial };
        emitted = true;
      }
      if (script.hangs) await hang(signal);
      await pause(clock, script.finalMs ?? 50, signal);
      if (script.fails) throw script.fails;
      const { text = '', confidence, rejected, words } = script;
      yield {
        ...{ type: 'final', text },
        ...(confidence !== undefined && { confidence }),
        ...(rejected && { rejected }),
        ...(words && { words }),
      };
    },
    close: async () => {},
  };
}

export interface LlmScript {
  /** Emitted token by token: words with the space behind them. */
  readonly text?: string;
  readonly actions?: readonly LlmEvent[];
  /** Default 100. */
  readonly firstTokenMs?: number;
  /** Default 20. */
  readonly tokenMs?: number;
  /** Thrown instead of the token with this number (from 0). */
  readonly hangsAt?: number;
  readonly failsAt?: number;
}

/** Language engine that replies according to `script`. */
export function scriptedLlm(
  clock: Clock,
  script: (request: LlmRequest) => LlmScript,
  name = 'scripted',
): LlmEngine {
  return {
    name,
    async *reply(request, signal): AsyncGenerator<LlmEvent, void, void> {
      const { text = '', actions = [], firstTokenMs = 100, tokenMs = 20, hangsAt, failsAt } = script(request);
      const tokens = text.match(/\S+\s*/gu) ?? [];
      await pause(clock, firstTokenMs, signal);
      yield* actions;
      for (let i = 0; i <= tokens.length; i++) {
        if (hangsAt === i) await hang(signal);
        if (failsAt === i) throw new ParleyError('LLM_FAILED', 'as scripted');
        const token = tokens[i];
        if (token === undefined) return;
        yield { type: 'delta', text: token };
        await pause(clock, tokenMs, signal);
      }
    },
    close: async () => {},
  };
}

export interface TtsScript {
  /** Default 50. */
  readonly firstByteMs?: number;
  /** Audio of one character of text. Default 60. */
  readonly msPerChar?: number;
  readonly hangs?: boolean;
  /** Whether words are marked. Default true. */
  readonly marks?: boolean;
  /** Fails after this much audio. */
  readonly failsAfterMs?: number;
  /** Hangs after this much audio. */
  readonly hangsAfterMs?: number;
}

const TTS_RATE = 24_000;

/** Speech engine: a quiet tone in proportion to the text, with marked words. */
export function scriptedTts(
  clock: Clock,
  script: (request: TtsRequest) => TtsScript = () => ({}),
  name = 'scripted',
): TtsEngine {
  return {
    name,
    async *synthesize(request, signal) {
      const {
        firstByteMs = 50,
        msPerChar = 60,
        hangs,
        marks = true,
        failsAfterMs,
        hangsAfterMs,
      } = script(request);
      if (hangs) await hang(signal);
      await pause(clock, firstByteMs, signal);
      const perChar = samplesInMs(msPerChar, TTS_RATE);
      for (const match of marks ? request.text.matchAll(/\S+/gu) : []) {
        yield { type: 'word', sample: match.index * perChar, offset: match.index, length: match[0].length };
      }
      const total = samplesInMs(
        Math.min(failsAfterMs ?? hangsAfterMs ?? Number.POSITIVE_INFINITY, request.text.length * msPerChar),
        TTS_RATE,
      );
      yield { type: 'audio', pcm: { rate: TTS_RATE, samples: tone(total) } };
      if (hangsAfterMs !== undefined) await hang(signal);
      if (failsAfterMs !== undefined) throw new ParleyError('TTS_FAILED', 'as scripted');
    },
    close: async () => {},
  };
}

/** One second of the tone; whole periods, so that it may be repeated. */
const SECOND = Int16Array.from({ length: TTS_RATE }, (_, i) =>
  Math.round(4_000 * Math.sin((2 * Math.PI * 440 * i) / TTS_RATE)),
);

function tone(samples: number): Int16Array {
  const result = new Int16Array(samples);
  for (let at = 0; at < samples; at += TTS_RATE) result.set(SECOND.subarray(0, samples - at), at);
  return result;
}

/** 32 ms at 16 kHz, as Silero's. */
const VAD_WINDOW = 512;
const LOUD = 1_000;

/** Detects every window with a sample above a level as speech: for tests whose audio is a tone or silence. */
export function levelVad(): VadEngine {
  return {
    name: 'level',
    open(onWindow: (window: VadWindow) => void): VadStream {
      let held = new Int16Array(0);
      let at = 0;
      let open = true;
      return {
        push({ samples }) {
          const all = new Int16Array(held.length + samples.length);
          all.set(held);
          all.set(samples, held.length);
          let from = 0;
          for (; open && from + VAD_WINDOW <= all.length; from += VAD_WINDOW, at += VAD_WINDOW) {
            const loud = all.subarray(from, from + VAD_WINDOW).some((sample) => Math.abs(sample) > LOUD);
            onWindow({ startSample: at, samples: VAD_WINDOW, probability: loud ? 0.99 : 0.01 });
          }
          held = all.slice(from);
        },
        close: () => {
          open = false;
        },
      };
    },
    close: async () => {},
  };
}
