import { FRAME_MS } from '../../../../machines/audio.ts';
import { AUDIO_HEADER_BYTES, type AudioHeader } from '../../../../machines/audio-message.ts';
import { type Played, Playout } from '../audio/playout.ts';
import type { Clock } from '../clock.ts';
import type { PlayoutOrder, Speaker } from '../speaker.ts';

export interface PacedSpeakerEvents {
  onPlayed(played: Played): void;
  /** These samples were played just now. */
  onAudio(samples: Int16Array<ArrayBuffer>): void;
  /** True while nothing may be played because the listener does not keep up. */
  blocked(): boolean;
}

/** A loudspeaker without a device: plays in real time by the clock, and counts what was played. */
export class PacedSpeaker implements Speaker {
  readonly rate: number;
  readonly #clock: Clock;
  readonly #events: PacedSpeakerEvents;
  readonly #playout: Playout;
  #timer: { cancel(): void } | undefined;
  /** Playing since then, and how many samples long. */
  #startMs = 0;
  #rendered = 0;

  constructor(rate: number, clock: Clock, events: PacedSpeakerEvents) {
    this.rate = rate;
    this.#clock = clock;
    this.#events = events;
    this.#playout = new Playout({ rate });
  }

  frame({ generation, seq }: AudioHeader, message: ArrayBuffer): void {
    this.#playout.push(generation, seq, new Int16Array(message, AUDIO_HEADER_BYTES));
    if (this.#timer || this.#playout.queued === 0) return;
    this.#begin();
    this.#wait();
  }

  order(order: PlayoutOrder): void {
    if (this.#timer) this.#play();
    this.#playout.obey(order);
    this.#report();
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #begin(): void {
    this.#startMs = this.#clock.nowMs();
    this.#rendered = 0;
  }

  #wait(): void {
    this.#timer = this.#clock.setTimer(FRAME_MS, () => {
      this.#timer = undefined;
      this.#play();
      if (this.#playout.queued > 0) this.#wait();
    });
  }

  /** Plays what was due until now. */
  #play(): void {
    if (this.#events.blocked()) {
      this.#begin();
      return;
    }
    const elapsed = Math.floor(((this.#clock.nowMs() - this.#startMs) * this.rate) / 1_000);
    const block = new Float32Array(elapsed - this.#rendered);
    this.#rendered = elapsed;
    const sounding = block.subarray(0, this.#playout.render(block));
    if (sounding.length > 0) this.#events.onAudio(Int16Array.from(sounding, (value) => value * 0x8000));
    this.#report();
  }

  #report(): void {
    for (const played of this.#playout.takeReports()) this.#events.onPlayed(played);
  }
}
