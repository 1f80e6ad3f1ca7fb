import { openEar } from '../../actors/ear/ear.ts';
import type { EarParameters } from '../../actors/ear/front-end.ts';
import { InputAudio } from '../../actors/ear/input-audio.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { VadEngine } from '../../actors/ports/vad.ts';
import {
  msOfSamples,
  type Pcm,
  PIPELINE_RATE,
  type PipelineRate,
  samplesInMs,
} from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { errorFrom } from '../../machines/errors.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { EarEvent } from '../../machines/session/events.ts';
import type { Rejection, TimedWord } from '../../machines/wire.ts';

/** What the recogniser made of one stretch of speech. */
export interface Utterance {
  /** Where the detector found it, in ms from the start of the recording. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly text: string;
  readonly confidence?: number;
  readonly rejected?: Rejection;
  /** With their times, in ms from the start of the recording, if the recogniser knows them. */
  readonly words?: readonly TimedWord[];
}

/** A stretch of speech, in samples of the ear's audio. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Silence before and after a recording: what a microphone hears before a user speaks, and until the turn has ended. */
const BEFORE = samplesInMs(500, PIPELINE_RATE);
const AFTER_MS = 500;
/** Piece in which a client sends audio. */
const PIECE = samplesInMs(20, PIPELINE_RATE);

export interface HearOptions {
  readonly vad: VadEngine;
  /** Default: audio is heard as it comes. */
  readonly ear?: EarParameters;
  readonly stt: SttEngine;
  readonly endpointing: Pick<SessionParameters['endpointing'], 'delayMs' | 'prerollMs'>;
  readonly language: string;
}

/** Puts the silence of a room around a recording, so that noise can be mixed into all of it. */
export function withRoom(
  { rate, samples }: Pcm<PipelineRate>,
  { delayMs }: HearOptions['endpointing'],
): Pcm<PipelineRate> {
  const after = samplesInMs(delayMs + AFTER_MS, PIPELINE_RATE);
  const all = new Int16Array(BEFORE + samples.length + after);
  all.set(samples, BEFORE);
  return { rate, samples: all };
}

/** Finds and recognises the utterances of a recording made by `withRoom`, as a session does, without waiting for real time. A pause of `delayMs` ends an utterance. */
export async function hear(sound: Pcm<PipelineRate>, options: HearOptions): Promise<readonly Utterance[]> {
  const { stt, language } = options;
  const { delayMs, prerollMs } = options.endpointing;
  const { audio, spans } = await listen(sound, options, samplesInMs(delayMs, PIPELINE_RATE));
  const utterances: Utterance[] = [];
  const never = new AbortController().signal;
  for (const { from, to } of spans) {
    const start = from - samplesInMs(prerollMs, PIPELINE_RATE);
    const end = Math.min(audio.written, to + samplesInMs(delayMs, PIPELINE_RATE));
    for await (const event of stt.transcribe(
      audio.follow(start, never, undefined, end),
      { language },
      never,
    )) {
      if (event.type !== 'final') continue;
      const { text, confidence, rejected, words } = event;
      utterances.push({
        fromMs: Math.round(msOfSamples(from - BEFORE, PIPELINE_RATE)),
        toMs: Math.round(msOfSamples(to - BEFORE, PIPELINE_RATE)),
        text,
        ...(confidence === undefined ? {} : { confidence }),
        ...(rejected === undefined ? {} : { rejected }),
        ...(words && { words: words.map((word) => fromStart(word, start)) }),
      });
    }
  }
  return utterances;
}

/** Runs the session's ear over a sound. Speech after a pause shorter than `joined` samples belongs to the same span. */
async function listen(
  sound: Pcm<PipelineRate>,
  { vad, ear: parameters }: HearOptions,
  joined: number,
): Promise<{ readonly audio: InputAudio; readonly spans: readonly Span[] }> {
  const { samples } = sound;
  const audio = new InputAudio(samples.length + PIPELINE_RATE);
  const events: Extract<EarEvent, { type: 'speech.start' | 'speech.stop' }>[] = [];
  await new Promise<void>((resolve, reject) => {
    const counted: VadEngine = {
      ...{ name: vad.name, close: () => vad.close() },
      open: (onWindow, onError) =>
        vad.open((window) => {
          onWindow(window);
          if (window.startSample + 2 * window.samples <= samples.length) return;
          ear.close();
          resolve();
        }, onError),
    };
    const ear = openEar({
      ...{ vad: counted, audio, clock: new VirtualClock() },
      ...(parameters && { ear: parameters }),
      emit(event) {
        if (event.type === 'ear.failed') reject(errorFrom(event.error));
        else if (event.type === 'speech.start' || event.type === 'speech.stop') events.push(event);
      },
    });
    const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
    for (let at = 0; at < bytes.length; at += 2 * PIECE)
      ear.hear(bytes.subarray(at, at + 2 * PIECE), undefined);
    // A denoiser holds back the last 23 ms until more comes.
    if (parameters?.denoiser) ear.hear(new Uint8Array(4 * PIECE), undefined);
  });
  return { audio, spans: spansOf(events, samples.length, joined) };
}

/** @internal */
export function spansOf(
  events: readonly { readonly type: 'speech.start' | 'speech.stop'; readonly sample: number }[],
  length: number,
  joined: number,
): readonly Span[] {
  const spans: Span[] = [];
  for (const { type, sample } of events) {
    const last = spans.at(-1);
    if (type === 'speech.stop' && last) spans[spans.length - 1] = { from: last.from, to: sample };
    else if (last && sample - last.to < joined) spans[spans.length - 1] = { from: last.from, to: length };
    else spans.push({ from: sample, to: length });
  }
  return spans;
}

/** A word of what the recogniser heard from the ear's sample `start` on. */
function fromStart({ text, startMs, endMs }: TimedWord, start: number): TimedWord {
  const beginMs = msOfSamples(start - BEFORE, PIPELINE_RATE);
  return { text, startMs: Math.round(beginMs + startMs), endMs: Math.round(beginMs + endMs) };
}
