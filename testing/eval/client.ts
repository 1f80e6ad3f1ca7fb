import { Playout } from '../../clients/typescript/src/audio/playout.ts';
import { msOfSamples, PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import type { VirtualClock } from '../../machines/clock.ts';
import type { Heard } from '../conversation.ts';

/** A stretch of time, ms, in which the loudspeaker plays a reply without a gap. */
export interface Sounding {
  readonly generation: number;
  readonly fromMs: number;
  toMs: number;
}

export interface ClientOptions {
  readonly clock: VirtualClock;
  /** Way between client and server, ms. */
  readonly networkMs: number;
  /** From the player to the air, ms. */
  readonly outputMs: number;
  /** Reports to the server what was played, when it arrives there. */
  readonly onPlayed: (generation: number, samples: number) => void;
}

/** What a player is asked for at a time, in samples, as in a browser. */
const QUANTUM = 128;

/** The robot's client: the player of `parley-client`, a loudspeaker, and a network with a fixed delay. */
export class EvalClient {
  /** When the loudspeaker sounded. */
  readonly sounding: Sounding[] = [];
  readonly #options: ClientOptions;
  readonly #player = new Playout({ rate: PIPELINE_RATE });
  /** Everything the loudspeaker has played since the start, −1..1. */
  #played = new Float32Array(60 * PIPELINE_RATE);
  #rendered = 0;
  #newest = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Takes what the session sends; it arrives `networkMs` later. */
  receive(heard: Heard): void {
    const { clock, networkMs } = this.#options;
    clock.setTimer(networkMs, () => {
      this.#renderTo(clock.nowMs());
      if (heard.type === 'audio') {
        this.#newest = heard.generation;
        this.#player.push(heard.generation, heard.seq, heard.samples);
      } else if (heard.type === 'playback') {
        this.#player.setPlayback(heard.generation, heard.state);
      } else if (heard.type === 'flush') this.#player.flush(heard.generation);
      this.#report();
    });
  }

  /** What the player has played until now, −1..1; it is heard `outputMs` later. */
  played(): Float32Array {
    this.#renderTo(this.#options.clock.nowMs());
    this.#report();
    return this.#played.subarray(0, this.#rendered);
  }

  /** The reply that sounds at `atMs`. */
  soundsAt(atMs: number): number | undefined {
    return this.sounding.findLast(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)?.generation;
  }

  #renderTo(ms: number): void {
    const to = samplesInMs(ms, PIPELINE_RATE);
    if (to > this.#played.length) {
      const longer = new Float32Array(2 * to);
      longer.set(this.#played);
      this.#played = longer;
    }
    for (; this.#rendered + QUANTUM <= to; this.#rendered += QUANTUM) {
      const filled = this.#player.render(this.#played.subarray(this.#rendered, this.#rendered + QUANTUM));
      if (filled > 0) this.#sounded(filled);
    }
  }

  /** The player begins at the start of a quantum, so its audio lies there. */
  #sounded(samples: number): void {
    const at = (sample: number) => msOfSamples(sample, PIPELINE_RATE) + this.#options.outputMs;
    const fromMs = at(this.#rendered);
    const toMs = at(this.#rendered + samples);
    const last = this.sounding.at(-1);
    if (last?.generation === this.#newest && last.toMs === fromMs) last.toMs = toMs;
    else this.sounding.push({ generation: this.#newest, fromMs, toMs });
  }

  #report(): void {
    const { clock, networkMs, onPlayed } = this.#options;
    for (const { generation, samples } of this.#player.takeReports())
      clock.setTimer(networkMs, () => onPlayed(generation, samples));
  }
}
