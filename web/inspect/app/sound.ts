import { type PlacedAudio, placeAudio } from '../model/placed-audio.ts';
import type { SessionLog } from '../model/session-log.ts';
import type { Recording } from './recording.ts';

/** Plays the recorded audio of a session from any moment. Gaps are silent. */
export class Sound {
  readonly #log: SessionLog;
  readonly #recording: Recording;
  #context: AudioContext | undefined;
  #sources: AudioBufferSourceNode[] = [];
  #loading: Promise<readonly PlacedAudio[]> | undefined;
  #asked = 0;

  constructor(log: SessionLog, recording: Recording) {
    this.#log = log;
    this.#recording = recording;
  }

  /** Begins at `t`, in ms since the session's start. `now` returns the moment after the audio has loaded. */
  async play(now: () => number): Promise<void> {
    this.stop();
    const asked = this.#asked;
    const placed = await this.#placed();
    if (asked !== this.#asked || placed.length === 0) return;
    this.#context ??= new AudioContext();
    await this.#context.resume();
    if (asked !== this.#asked) return;
    const from = now();
    for (const piece of placed) this.#schedule(this.#context, piece, from);
  }

  stop(): void {
    this.#asked += 1;
    for (const source of this.#sources) source.stop();
    this.#sources = [];
  }

  #schedule(context: AudioContext, { t, rate, samples }: PlacedAudio, from: number): void {
    const ahead = (t - from) / 1_000;
    if (samples.length === 0 || ahead + samples.length / rate <= 0) return;
    const buffer = context.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(
      Float32Array.from(samples, (sample) => sample / 32_768),
      0,
    );
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.start(context.currentTime + Math.max(0, ahead), Math.max(0, -ahead));
    this.#sources.push(source);
  }

  #placed(): Promise<readonly PlacedAudio[]> {
    this.#loading ??= this.#recording.pieces().then((pieces) => placeAudio(this.#log, pieces));
    return this.#loading;
  }
}
