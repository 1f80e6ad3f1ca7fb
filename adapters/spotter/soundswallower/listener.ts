import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import type { Loaded } from '../../soundswallower/decoder.ts';
import type { Finding } from '../finding.ts';
import { STOP } from '../word/word.ts';
import { type Ear, WordStops } from '../word/word-stops.ts';
import type { SpotterGrammar } from './grammar.ts';
import { Spotter } from './spotter.ts';

/** From these log odds on the word as a whole confirms what the phones suspect and refute. */
const AGREES = 3;
/** The word that ends here is seen in looks from this long before on (200 ms). */
const SEEN = samplesInMs(200, PIPELINE_RATE);

/** After a stop the same word is not suspected again for this long (600 ms): one opinion is later than the other. */
const APART = samplesInMs(600, PIPELINE_RATE);

type Opinion = 'phones' | 'word';
type Suspected = Extract<Finding, { readonly type: 'suspected' }>;

/**
 * Listens for the stop phrases in one stretch of sound at a time: phone by phone, and for "stop" also as a whole word, which is
 * heard in noise and over other voices. What one of them suspects is a suspicion, and what one
 * confirms is a stop.
 */
export class Listener {
  readonly #phones: Spotter;
  readonly #ear: Ear | undefined;
  #word: WordStops | undefined;
  #emit: (finding: Finding) => void = () => {};
  /** Opinions that have not decided what they suspect. */
  readonly #open = new Set<Opinion>();
  /** What the phones suspected last. */
  #suspected: Suspected | undefined;
  #isSuspected = false;
  /** Samples of the stretch so far, and those at which the last stop was confirmed. */
  #heard = 0;
  #confirmedAt = Number.NEGATIVE_INFINITY;

  private constructor(phones: Spotter, ear: Ear | undefined) {
    this.#phones = phones;
    this.#ear = ear;
  }

  /** `ear`: for "stop", if it is one of the phrases. */
  static async make(loaded: Loaded, grammar: SpotterGrammar, ear?: Ear): Promise<Listener> {
    return new Listener(await Spotter.make(loaded, grammar), ear);
  }

  /** Begins a stretch. `emit` is called as soon as something is found, before the work that follows from it. */
  begin(emit: (finding: Finding) => void): void {
    this.#emit = emit;
    this.#open.clear();
    this.#suspected = undefined;
    this.#isSuspected = false;
    this.#heard = 0;
    this.#confirmedAt = Number.NEGATIVE_INFINITY;
    this.#phones.begin((finding) => this.#onFinding('phones', finding));
    this.#word = this.#ear && new WordStops(this.#ear, (finding) => this.#onFinding('word', finding));
  }

  /** The word comes first, because it costs less and knows sooner. */
  async push(samples: Int16Array): Promise<void> {
    this.#heard += samples.length;
    await this.#word?.push(samples);
    await this.#phones.push(samples);
  }

  /** Ends the stretch: a suspicion is decided. */
  async end(): Promise<void> {
    this.#word?.end();
    await this.#phones.end();
    this.abort();
  }

  abort(): void {
    this.#emit = () => {};
    this.#phones.abort();
    this.#word = undefined;
  }

  #onFinding(opinion: Opinion, finding: Finding): void {
    if (finding.type === 'suspected') {
      if (this.#heard < this.#confirmedAt + APART) return;
      if (opinion === 'phones') this.#suspected = finding;
      this.#open.add(opinion);
      if (!this.#isSuspected) this.#emit(finding);
      this.#isSuspected = true;
      return;
    }
    // Otherwise the other one has confirmed the same word.
    if (!this.#open.delete(opinion)) return;
    const phrase = finding.type === 'confirmed' ? finding.phrase : this.#agreed(opinion);
    if (phrase !== undefined) {
      this.#open.clear();
      this.#isSuspected = false;
      this.#confirmedAt = this.#heard;
      this.#emit({ type: 'confirmed', phrase });
    } else if (this.#open.size === 0) {
      this.#isSuspected = false;
      this.#emit({ type: 'refuted' });
    }
  }

  /** The phrase that the phones refute, if the word as a whole says otherwise. */
  #agreed(opinion: Opinion): string | undefined {
    if (opinion === 'word' || !this.#suspected) return undefined;
    const { phrase, sample } = this.#suspected;
    return phrase === STOP && this.#word && this.#word.best(sample - SEEN) >= AGREES ? phrase : undefined;
  }
}
