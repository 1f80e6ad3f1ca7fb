import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import type { Finding } from '../finding.ts';
import type { Embedder } from './embedding.ts';
import type { Network } from './network.ts';
import { STOP } from './word.ts';
import { type Likelihood, WordSpotter } from './word-spotter.ts';

/** What one word sounds like. */
export interface Ear {
  readonly embedding: Embedder;
  readonly network: Network;
}

/**
 * Log odds of a look that is a suspicion, and of the best one until the verdict that is a stop, by the room (lab/voice-stop.md has what
 * more and less would hear). Babble damages the word more than steady noise does. In a quiet room phones distinguish it better from what
 * people say.
 */
const ROOMS = {
  /** The contrast is 14 to 24 dB over a hum 10 dB below the word, which lets much sound like it… */
  humming: { suspected: 3, confirmed: 4 },
  /** …23 to 35 dB over a hiss, motors or a kitchen… */
  steady: { suspected: 2, confirmed: 3 },
  /** …28 to 46 dB over babble, and in a meeting… */
  restless: { suspected: 2.8, confirmed: 3.6 },
  /** …and 46 dB and more in a quiet room and between knocks, where what it suspects is a stop. */
  quiet: { suspected: 5, confirmed: 5 },
} as const;
const HUMMING_DB = 20;
const STEADY_DB = 28;
const RESTLESS_DB = 44;
/** What has more than needed by this is a stop at once. */
const CERTAIN = 1.5;
/** Time from the suspicion to the verdict (360 ms): it may arise 100 ms before the word ends, and the word is seen best for 250 ms after its end. */
const AFTER = samplesInMs(360, PIPELINE_RATE);
/** Looks kept. */
const KEPT = samplesInMs(1_500, PIPELINE_RATE);

interface Suspicion {
  /** Sample at which it arose. */
  readonly at: number;
  readonly best: number;
  /** Log odds that make it a stop. */
  readonly confirmed: number;
}

/** Finds stops in one stretch of sound, by the word as a whole. */
export class WordStops {
  readonly #spotter: WordSpotter;
  readonly #emit: (finding: Finding) => void;
  #recent: readonly Likelihood[] = [];
  #suspicion: Suspicion | undefined;
  /** False from a verdict until the looks no longer contain the decided word. */
  #isArmed = true;

  constructor({ embedding, network }: Ear, emit: (finding: Finding) => void) {
    this.#spotter = new WordSpotter(embedding, network);
    this.#emit = emit;
  }

  async push(samples: Int16Array): Promise<void> {
    for (const likelihood of await this.#spotter.push(samples)) this.#look(likelihood);
  }

  /** Decides a suspicion without waiting for more. */
  end(): void {
    if (this.#suspicion) this.#decide(this.#suspicion);
  }

  /** The highest log odds from the sample `from` on, in any room; −∞ if nothing is known. */
  best(from: number): number {
    return this.#recent.reduce(
      (best, { logOdds, end }) => (end >= from ? Math.max(best, logOdds) : best),
      Number.NEGATIVE_INFINITY,
    );
  }

  #look(likelihood: Likelihood): void {
    const { logOdds, contrastDb, end } = likelihood;
    this.#recent = [...this.#recent.filter((one) => one.end > end - KEPT), likelihood];
    const { suspected, confirmed } = roomOf(contrastDb);
    if (logOdds < 0) this.#isArmed = true;
    else if (!this.#suspicion && this.#isArmed && logOdds >= suspected) {
      this.#suspicion = { at: end, best: logOdds, confirmed };
      this.#emit({ type: 'suspected', phrase: STOP, sample: end });
    }
    if (!this.#suspicion) return;
    this.#suspicion = { ...this.#suspicion, best: Math.max(this.#suspicion.best, logOdds) };
    const { at, best } = this.#suspicion;
    if (best >= this.#suspicion.confirmed + CERTAIN || end >= at + AFTER) this.#decide(this.#suspicion);
  }

  #decide({ best, confirmed }: Suspicion): void {
    this.#suspicion = undefined;
    this.#isArmed = false;
    this.#emit(best >= confirmed ? { type: 'confirmed', phrase: STOP } : { type: 'refuted' });
  }
}

function roomOf(contrastDb: number): (typeof ROOMS)[keyof typeof ROOMS] {
  if (contrastDb < HUMMING_DB) return ROOMS.humming;
  if (contrastDb < STEADY_DB) return ROOMS.steady;
  return contrastDb < RESTLESS_DB ? ROOMS.restless : ROOMS.quiet;
}
