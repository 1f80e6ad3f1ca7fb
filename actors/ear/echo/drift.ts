import { BLOCK } from './adaptive-filter.ts';
import { Likeness } from './likeness.ts';

/** Blocks with sound from which one delay is measured: 0.5 s. */
const MEASURED = 50;
/** Likeness from which a measured delay is that of the echo. */
const LIKE = 0.15;
/** Delays that a drift is made of: the newest ones, and at least so many. */
const MOST_POINTS = 10;
const LEAST_POINTS = 3;
/** Delays are measured one after the other this many times, and then after a rest of so many blocks: measuring costs as much as the filter. */
const AT_ONCE = 8;
const REST = 400;
/** Delays this far from the line, samples, are of a path that moved. */
const SCATTER = 0.6;
/** Slowest and fastest drift that is followed, samples a sample: crystals of devices differ by up to 200 millionths. */
const LEAST = 1e-5;
const MOST = 4e-4;

/** Reads what was played so many blocks before the one that is processed. */
type ReadBlock = (blocksAgo: number, out: Float32Array) => void;

interface Point {
  readonly at: number;
  readonly delay: number;
}

/**
 * Finds how much faster or slower the clock of the loudspeaker is than that of the microphone: a line through delays that are measured
 * every half second of sound. At 100 millionths the echo moves by a sample in 0.6 s, faster than a filter follows it at high frequencies.
 */
export class Drift {
  readonly #likeness = new Likeness(true);
  #begun = false;
  #sounds = 0;
  #measurements = 0;
  #rest = 0;
  #points: readonly Point[] = [];
  /** Samples by which the delay grows in a sample. */
  rate = 0;

  /** A stretch of playback begins: its delay is another one. */
  restart(): void {
    this.#points = [];
    this.#begun = false;
    this.#measurements = 0;
    this.#rest = 0;
  }

  /** One block of both, of the same time. `offset`: by how much the delay of `played` was made longer already. */
  add(heard: Float32Array, played: Float32Array, at: number, offset: number, readBefore: ReadBlock): void {
    if (this.#rest > 0) {
      this.#rest--;
      return;
    }
    if (!this.#begun) {
      this.#likeness.begin(readBefore);
      this.#begun = true;
      this.#sounds = 0;
    }
    this.#likeness.add(heard, played);
    if (!isSound(played) || ++this.#sounds < MEASURED) return;
    this.#likeness.measure();
    const like = this.#likeness.whitened;
    if (like >= LIKE)
      this.#measured({ at: at - (MEASURED / 2) * BLOCK, delay: this.#likeness.preciseDelay + offset });
    this.#likeness.forget();
    this.#sounds = 0;
    if (++this.#measurements < AT_ONCE) return;
    this.#rest = REST;
    this.#begun = false;
  }

  #measured(point: Point): void {
    const points = [...this.#points, point].slice(-MOST_POINTS);
    const line = lineThrough(points);
    const isLine = points.every(({ at, delay }) => Math.abs(delay - line.at(at)) < SCATTER);
    this.#points = isLine ? points : [point];
    if (!isLine || points.length < LEAST_POINTS) return;
    this.rate = Math.abs(line.slope) < LEAST ? 0 : Math.max(-MOST, Math.min(MOST, line.slope));
  }
}

function lineThrough(points: readonly Point[]) {
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, one) => sum + of(one), 0) / points.length;
  const [middle, usual] = [mean(({ at }) => at), mean(({ delay }) => delay)];
  const spread = mean(({ at }) => (at - middle) ** 2);
  const slope = spread === 0 ? 0 : mean(({ at, delay }) => (at - middle) * (delay - usual)) / spread;
  return { slope, at: (x: number) => usual + slope * (x - middle) };
}

function isSound(block: Float32Array): boolean {
  let sum = 0;
  for (const sample of block) sum += sample * sample;
  return sum > 1e-6 * block.length;
}
