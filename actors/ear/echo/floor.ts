/** Power below which nothing is a sound: −90 dBFS. Microphones that are off give exact zeros. */
const SILENCE = 1e-9;

/** Follows the power of the quietest blocks: down at once, up slowly. */
export class Floor {
  readonly #rise: number;
  #power: number | undefined;

  /** `rise`: factor per block by which it rises while all is louder. */
  constructor(rise: number) {
    this.#rise = rise;
  }

  /** The power of the next block. Returns that of the quietest ones. */
  follow(power: number): number {
    const most = this.#power === undefined ? power : this.#power * this.#rise;
    this.#power = Math.max(SILENCE, Math.min(power, most));
    return this.#power;
  }
}
