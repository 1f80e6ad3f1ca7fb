import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';

const WINDOW = samplesInMs(40, PIPELINE_RATE);
/** Loudest windows that are kept: their level is that of the utterance, whatever pauses it has. */
const KEPT = 8;
/** Below this level in dB of full scale an utterance is faint: near silence for most microphones. */
const FAINT_DB = -35;
/** … and below this one not even a lone word counts. */
const VERY_FAINT_DB = -42;
/** Pitches of voices, 80 to 400 Hz, as periods in samples. */
const SHORTEST_PERIOD = PIPELINE_RATE / 400;
const LONGEST_PERIOD = PIPELINE_RATE / 80;
/** Share of the energy that repeats with the pitch. Noise has less than 0.3. */
const VOICED = 0.5;
/** Voiced windows among the loudest ones that make a voice. */
const VOICED_WINDOWS = 2;

interface Loud {
  readonly power: number;
  readonly samples: Int16Array;
}

/** How loud an utterance is, and whether a voice is in it, measured as its audio arrives. */
export class Sound {
  #loudest: Loud[] = [];
  #rest = new Int16Array(0);

  static of(samples: Int16Array): Sound {
    const sound = new Sound();
    sound.push(samples);
    return sound;
  }

  push(piece: Int16Array): void {
    const samples = new Int16Array(this.#rest.length + piece.length);
    samples.set(this.#rest);
    samples.set(piece, this.#rest.length);
    let at = 0;
    for (; at + WINDOW <= samples.length; at += WINDOW) this.#weigh(samples.subarray(at, at + WINDOW));
    this.#rest = samples.slice(at);
  }

  /** Level of the loudest moments, in dB of full scale. */
  get levelDb(): number {
    const windows = this.#loudest.length > 0 ? this.#loudest : [{ power: powerOf(this.#rest) }];
    const mean = windows.reduce((sum, { power }) => sum + power, 0) / windows.length;
    return 10 * Math.log10(mean / 32_768 ** 2 + 1e-12);
  }

  get isFaint(): boolean {
    return this.levelDb < FAINT_DB;
  }

  get isVeryFaint(): boolean {
    return this.levelDb < VERY_FAINT_DB;
  }

  /** Whether some of the loudest moments have a pitch. A sound of less than 80 ms may have none. */
  get hasVoice(): boolean {
    const enough = Math.min(VOICED_WINDOWS, this.#loudest.length);
    return this.#loudest.filter(({ samples }) => isVoiced(samples)).length >= enough;
  }

  #weigh(samples: Int16Array): void {
    const power = powerOf(samples);
    if (this.#loudest.length === KEPT && power <= (this.#loudest.at(-1)?.power ?? 0)) return;
    this.#loudest.push({ power, samples: samples.slice() });
    this.#loudest.sort((a, b) => b.power - a.power);
    this.#loudest.length = Math.min(KEPT, this.#loudest.length);
  }
}

function powerOf(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : sum / samples.length;
}

/** Whether a window repeats itself with the period of a voice. Its slope is compared, so that rumble does not count. */
function isVoiced(samples: Int16Array): boolean {
  const slope = Float64Array.from(samples, (one, i) => one - (samples[i - 1] ?? one));
  for (let period = SHORTEST_PERIOD; period <= LONGEST_PERIOD; period++) {
    let product = 0;
    let first = 0;
    let second = 0;
    for (let i = period; i < slope.length; i++) {
      const [one = 0, other = 0] = [slope[i], slope[i - period]];
      product += one * other;
      first += one * one;
      second += other * other;
    }
    if (product > VOICED * Math.sqrt(first * second)) return true;
  }
  return false;
}
