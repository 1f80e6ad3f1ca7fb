import { BLOCK } from './adaptive-filter.ts';

/** Largest shift that is looked for, in samples: 25 ms, more than a network and a player differ from reply to reply. */
const MOST = 400;
/** Blocks with an echo that are compared: 100 ms of speech single out one shift. */
const NEEDED = 10;
/** Without a clear answer after these blocks with an echo, there is none. */
const PATIENCE = 40;
/** Nor without an echo in these blocks: 2 s. */
const MOST_BLOCKS = 200;
/** Correlation of microphone and expected echo that is clear: a person as loud as the echo still leaves 0.7. */
const CLEAR = 0.5;

/** A shift must be this much better than none. */
const BETTER = 0.03;

export type Found = { readonly shift: number } | 'unclear' | undefined;

/**
 * Finds by how many samples the echo comes later than expected after playback began or continued: the network and the
 * client's player are never quite as quick as before. Correlates the microphone with the expected echo, both without their low
 * frequencies, so that one shift stands out.
 */
export class Alignment {
  readonly #echo = new Float32Array(BLOCK + 2 * MOST);
  readonly #heard = new Float32Array(BLOCK + 2 * MOST);
  readonly #sums = new Float64Array(2 * MOST + 1);
  /** Power of the microphone's part that belongs to each shift. */
  readonly #powers = new Float64Array(2 * MOST + 1);
  #echoPower = 0;
  #blocks = 0;
  #all = 0;
  #lastHeard = 0;
  #lastEcho = 0;

  restart(): void {
    this.#echo.fill(0);
    this.#heard.fill(0);
    this.#sums.fill(0);
    this.#powers.fill(0);
    this.#echoPower = 0;
    this.#blocks = 0;
    this.#all = 0;
  }

  /** One block of both. `loud`: the expected echo is well above the noise. */
  search(heard: Float32Array, echo: Float32Array, loud: boolean): Found {
    this.#lastHeard = differences(heard, this.#heard, this.#lastHeard);
    this.#lastEcho = differences(echo, this.#echo, this.#lastEcho);
    // The echo's middle block against the microphone's blocks around it.
    for (let i = 0; i < BLOCK; i++) {
      const e = this.#echo[MOST + i] as number;
      this.#echoPower += e * e;
      if (e === 0) continue;
      for (let shift = 0; shift <= 2 * MOST; shift++)
        this.#sums[shift] = (this.#sums[shift] as number) + e * (this.#heard[i + shift] as number);
    }
    let power = powerOf(this.#heard.subarray(0, BLOCK));
    for (let shift = 0; shift <= 2 * MOST; shift++) {
      this.#powers[shift] = (this.#powers[shift] as number) + power;
      power += ((this.#heard[shift + BLOCK] as number) || 0) ** 2 - (this.#heard[shift] as number) ** 2;
    }
    if (loud) this.#blocks++;
    this.#all++;
    if (this.#blocks < NEEDED) return this.#all < MOST_BLOCKS ? undefined : { shift: 0 };
    let best = 0;
    for (let shift = 0; shift <= 2 * MOST; shift++)
      if (this.#likeness(shift) > this.#likeness(best)) best = shift;
    if (this.#likeness(best) > CLEAR)
      return { shift: this.#likeness(best) > this.#likeness(MOST) + BETTER ? best - MOST : 0 };
    return this.#blocks < PATIENCE && this.#all < MOST_BLOCKS ? undefined : 'unclear';
  }

  /** Correlation at a shift, −1..1. */
  #likeness(index: number): number {
    const powers = this.#echoPower * (this.#powers[index] as number);
    return powers > 0 ? (this.#sums[index] as number) / Math.sqrt(powers) : 0;
  }
}

function powerOf(samples: Float32Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0);
}

/** Appends the differences of neighbouring samples to `history`; returns the last sample. */
function differences(samples: Float32Array, history: Float32Array, last: number): number {
  history.copyWithin(0, samples.length);
  let before = last;
  const at = history.length - samples.length;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number;
    history[at + i] = sample - before;
    before = sample;
  }
  return before;
}
