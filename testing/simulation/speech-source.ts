import type { Bus } from '../../actors/ports/bus.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import { MUMBLE, type Vocabulary } from './engines.ts';
import type { Voiced } from './user.ts';

/** Length of an audio message. */
const PIECE_MS = 80;
/** Silence sent after the last word, so that its end is detected. */
const SILENCE_MS = 320;
/** Pause between two acts if the microphone is still open. */
const BREATH_MS = 200;

/** Between the user's microphone and the session lies a network that loses and repeats messages: see `FaultyPump`. */
export function microphoneOf(session: string): string {
  return `simulation.${session}.audio.in`;
}

/** A user's microphone, open only around speech; otherwise the ear gets a gap in the audio. */
export class SpeechSource {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #session: string;
  readonly #said: Vocabulary;
  readonly #startMs: number;
  #freeAtMs: number;
  #closed = false;

  constructor(options: { bus: Bus; clock: Clock; session: string; said: Vocabulary }) {
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#session = options.session;
    this.#said = options.said;
    this.#startMs = this.#clock.nowMs();
    this.#freeAtMs = this.#startMs;
  }

  say(stretches: readonly Voiced[]): void {
    const last = stretches.at(-1);
    if (!last) return;
    const beginMs = Math.max(this.#clock.nowMs(), this.#freeAtMs);
    const values = stretches.map(({ text }) => (text === '' ? MUMBLE : this.#said.valueOf(text)));
    this.#freeAtMs = beginMs + last.toMs + Math.max(SILENCE_MS, BREATH_MS);
    for (let at = 0; at < last.toMs + SILENCE_MS; at += PIECE_MS) {
      const piece = new Int16Array(samplesInMs(PIECE_MS, PIPELINE_RATE));
      for (const [i, { fromMs, toMs }] of stretches.entries()) {
        const from = samplesInMs(Math.max(0, fromMs - at), PIPELINE_RATE);
        const to = samplesInMs(Math.min(PIECE_MS, toMs - at), PIPELINE_RATE);
        if (to > 0 && from < piece.length) piece.fill(values[i] ?? MUMBLE, from, to);
      }
      const sample = samplesInMs(beginMs + at - this.#startMs, PIPELINE_RATE);
      this.#clock.setTimer(beginMs + at + PIECE_MS - this.#clock.nowMs(), () => this.#send(piece, sample));
    }
  }

  close(): void {
    this.#closed = true;
  }

  #send(piece: Int16Array, sample: number): void {
    if (this.#closed) return;
    this.#bus.publish(microphoneOf(this.#session), new Uint8Array(piece.buffer), {
      headers: { sample: String(sample) },
    });
  }
}
