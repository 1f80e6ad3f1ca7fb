import { nextRandom } from '../../machines/random.ts';

/**
 * Seeded stream of random choices. `fork` gives an independent stream, so that the draws of one part do not affect
 * another.
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Restarts the stream as `named` would start it. */
  restart(seed: number, name: string): void {
    this.#state = hash(seed, name);
  }

  /** 0 ≤ x < 1. */
  next(): number {
    const { value, state } = nextRandom(this.#state);
    this.#state = state;
    return value / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number, both ends included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /**
   * A time, both ends included. Most have a fraction, as those of a real clock do, whose sums are rounded; one in four
   * is whole, so that things still happen at the same moment.
   */
  ms(least: number, most: number): number {
    const draw = this.next() * 4;
    const atMs = least + (draw % 1) * (most - least);
    return draw < 1 ? Math.round(atMs) : Math.round(atMs * 1_000) / 1_000;
  }

  /** Throws RangeError if there is nothing to pick. */
  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  /** A key of `weights`, with a probability proportional to its weight. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const keys = Object.keys(weights) as Key[];
    let left = this.next() * keys.reduce((sum, key) => sum + weights[key], 0);
    for (const key of keys) {
      left -= weights[key];
      if (left < 0) return key;
    }
    return this.pick(keys);
  }

  /** A stream that depends only on this one's seed and `name`. */
  static named(seed: number, name: string): Random {
    return new Random(hash(seed, name));
  }
}

/** FNV-1a over the name, mixed with the seed. */
function hash(seed: number, name: string): number {
  let value = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return nextRandom(value).value;
}
