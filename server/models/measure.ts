import type { SttEngine } from '../../actors/ports/stt.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import { joinedSamples, type Pcm, type PipelineRate, samplesInMs } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';

/** How long an engine took for its work, all at once. */
export interface Pace {
  /** Length of the audio, ms. */
  readonly audioMs: number;
  /** From the request to the end of its answer, ms. */
  readonly tookMs: number;
}

export interface Heard extends Pace {
  /** Empty if nothing was understood. */
  readonly text: string;
  readonly language?: string | undefined;
  /** Different partial transcripts. */
  readonly partials: number;
}

export interface Said extends Pace {
  readonly pcm: Pcm;
  /** From the request to the first audio, ms. */
  readonly firstAudioMs: number;
}

/** Audio comes in pieces of this length, ms. */
const PIECE_MS = 100;

/** What a recogniser hears in a recording, as fast as it can. Rejects like the engine. */
export async function hear(
  stt: SttEngine,
  { rate, samples }: Pcm<PipelineRate>,
  language: string,
  clock: Clock,
): Promise<Heard> {
  const step = samplesInMs(PIECE_MS, rate);
  async function* pieces() {
    for (let at = 0; at < samples.length; at += step) yield { rate, samples: samples.slice(at, at + step) };
  }
  const startMs = clock.nowMs();
  let partials = 0;
  for await (const event of stt.transcribe(pieces(), { language }, new AbortController().signal)) {
    if (event.type === 'partial') partials += 1;
    else {
      const pace = { audioMs: lengthMs({ rate, samples }), tookMs: clock.nowMs() - startMs };
      return { ...pace, text: event.text, language: event.language, partials };
    }
  }
  throw new ParleyError('STT_FAILED', `${stt.name} ended without a result`);
}

/** What a voice says. Rejects like the engine, and with TTS_FAILED if it says nothing. */
export async function say(tts: TtsEngine, text: string, language: string, clock: Clock): Promise<Said> {
  const startMs = clock.nowMs();
  const pieces: Pcm[] = [];
  let firstAudioMs = 0;
  for await (const event of tts.synthesize({ text, language }, new AbortController().signal)) {
    if (event.type !== 'audio' || event.pcm.samples.length === 0) continue;
    if (pieces.length === 0) firstAudioMs = clock.nowMs() - startMs;
    // An engine may use its buffer again.
    pieces.push({ rate: event.pcm.rate, samples: event.pcm.samples.slice() });
  }
  const [first] = pieces;
  if (!first) throw new ParleyError('TTS_FAILED', `${tts.name} said nothing`);
  const pcm = { rate: first.rate, samples: joinedSamples(pieces.map(({ samples }) => samples)) };
  return { pcm, firstAudioMs, audioMs: lengthMs(pcm), tookMs: clock.nowMs() - startMs };
}

/** Times for people: `2.1 s of audio in 0.3 s (real-time factor 0.14)`. */
export function paceOf({ audioMs, tookMs }: Pace): string {
  return `${seconds(audioMs)} of audio in ${seconds(tookMs)} (real-time factor ${(tookMs / audioMs).toFixed(2)})`;
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 1_000 ? 2 : 1)} s`;
}

function lengthMs({ rate, samples }: Pcm): number {
  return (samples.length * 1_000) / rate;
}
