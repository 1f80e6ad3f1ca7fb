import { DIMENSIONS, type Embedder, type Window, Windows } from './embedding.ts';
import { INPUTS, LOOK_STEP, LOOKS, logOdds, type Network } from './network.ts';

/** Windows that must be known for a look. */
const SPAN = (LOOKS - 1) * LOOK_STEP + 1;

export interface Look {
  /** The embeddings of the windows that end here, and 160 and 320 ms before. */
  readonly input: Float32Array;
  /** Between the loudest and the quietest 25 ms of the last 1.1 s: about 50 dB in a quiet room. */
  readonly contrastDb: number;
  /** Sample at which the newest window ends. */
  readonly end: number;
}

/** All looks at a sound. */
export async function looks(embedding: Embedder, samples: Int16Array): Promise<readonly Look[]> {
  const stream = new Looks(embedding);
  return await stream.push(samples);
}

/** Looks at a stream of sound every 40 ms. */
export class Looks {
  readonly #embedding: Embedder;
  readonly #windows = new Windows();
  readonly #recent: (Pick<Window, 'loudest' | 'quietest'> & { readonly vector: Float32Array })[] = [];

  constructor(embedding: Embedder) {
    this.#embedding = embedding;
  }

  async push(samples: Int16Array): Promise<readonly Look[]> {
    const windows: Window[] = [];
    this.#windows.push(samples, (window) => windows.push(window));
    const size = windows[0]?.levels.length;
    if (size === undefined) return [];
    const levels = new Float32Array(windows.length * size);
    for (const [i, window] of windows.entries()) levels.set(window.levels, i * size);
    const embedded = await this.#embedding.embed(levels, windows.length);
    return windows.flatMap(({ loudest, quietest, end }, i) => {
      const vector = embedded.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS);
      this.#recent.push({ vector, loudest, quietest });
      if (this.#recent.length > SPAN) this.#recent.shift();
      return this.#recent.length < SPAN ? [] : [{ ...this.#look(), end }];
    });
  }

  #look(): Omit<Look, 'end'> {
    const input = new Float32Array(INPUTS);
    let [loudest, quietest] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let look = 0; look < LOOKS; look++) {
      const known = this.#recent[SPAN - 1 - look * LOOK_STEP];
      if (!known) continue;
      input.set(known.vector, look * DIMENSIONS);
      loudest = Math.max(loudest, known.loudest);
      quietest = Math.min(quietest, known.quietest);
    }
    return { input, contrastDb: loudest - quietest };
  }
}

/** How likely it is that a word has just been said. */
export interface Likelihood extends Pick<Look, 'contrastDb'> {
  readonly logOdds: number;
  /** Sample up to which was heard. */
  readonly end: number;
}

/** Listens for one word in a stream of sound. The first 1.1 s give nothing. */
export class WordSpotter {
  readonly #looks: Looks;
  readonly #network: Network;

  constructor(embedding: Embedder, network: Network) {
    this.#looks = new Looks(embedding);
    this.#network = network;
  }

  async push(samples: Int16Array): Promise<readonly Likelihood[]> {
    const found = await this.#looks.push(samples);
    return found.map(({ input, ...heard }) => ({ logOdds: logOdds(this.#network, input), ...heard }));
  }
}
