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

/**
 * If "stop" is the only phrase, the phones are asked only about what the whole word suspects and is not sure of. They take more than twice
 * its processor time, and what it finds unlikely they take for a stop wrongly. They then hear so much audio at once: the word, and some
 * before it in which they measure the noise.
 */
const RECENT = samplesInMs(1_300, PIPELINE_RATE);
/** The word is only seen with 900 ms before it: a stretch that begins with less is heard by both from the start. */
const KNOWN = samplesInMs(900, PIPELINE_RATE);

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
  /** Whether the phones may wait for the word, and whether they do in this stretch. */
  readonly #mayWait: boolean;
  #waits = false;
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

  /** The newest audio, and while the phones listen, the sample at which theirs began. */
  #recent: readonly Int16Array[] = [];
  #phonesFrom: number | undefined;

  private constructor(phones: Spotter, ear: Ear | undefined, mayWait: boolean) {
    this.#phones = phones;
    this.#ear = ear;
    this.#mayWait = mayWait;
  }

  /** `ear`: for "stop", if it is one of the phrases. */
  static async make(loaded: Loaded, grammar: SpotterGrammar, ear?: Ear): Promise<Listener> {
    const mayWait = ear !== undefined && grammar.phrases.every((phrase) => phrase === STOP);
    return new Listener(await Spotter.make(loaded, grammar), ear, mayWait);
  }

  /** Begins a stretch. `emit` is called as soon as something is found, before the work that follows from it. */
  begin(emit: (finding: Finding) => void): void {
    this.#emit = emit;
    this.#open.clear();
    this.#suspected = undefined;
    this.#isSuspected = false;
    this.#heard = 0;
    this.#confirmedAt = Number.NEGATIVE_INFINITY;
    this.#recent = [];
    this.#phonesFrom = undefined;
    this.#word = this.#ear && new WordStops(this.#ear, (finding) => this.#onFinding('word', finding));
  }

  /** The word comes first, because it costs less and knows sooner. */
  async push(samples: Int16Array): Promise<void> {
    if (this.#heard === 0) {
      this.#waits = this.#mayWait && samples.length >= KNOWN;
      if (!this.#waits) this.#beginPhones(0);
    }
    this.#heard += samples.length;
    await this.#word?.push(samples);
    if (this.#waits) await this.#pushIfSuspected(samples);
    else await this.#phones.push(samples);
  }

  /** Ends the stretch: a suspicion is decided. */
  async end(): Promise<void> {
    this.#word?.end();
    if (this.#phonesFrom !== undefined) await this.#phones.end();
    this.abort();
  }

  abort(): void {
    this.#emit = () => {};
    this.#phones.abort();
    this.#word = undefined;
  }

  #beginPhones(from: number): void {
    this.#phonesFrom = from;
    this.#phones.begin((finding) =>
      this.#onFinding(
        'phones',
        finding.type === 'suspected' ? { ...finding, sample: from + finding.sample } : finding,
      ),
    );
  }

  async #pushIfSuspected(samples: Int16Array): Promise<void> {
    this.#recent = [...this.#recent, samples];
    let recent = this.#recent.reduce((sum, piece) => sum + piece.length, 0);
    while (recent - (this.#recent[0]?.length ?? 0) >= RECENT) {
      recent -= this.#recent[0]?.length ?? 0;
      this.#recent = this.#recent.slice(1);
    }
    if (this.#phonesFrom !== undefined) {
      await this.#phones.push(samples);
      if (this.#open.size > 0) return;
      this.#phones.abort();
      this.#phonesFrom = undefined;
    } else if (this.#open.has('word')) {
      this.#beginPhones(this.#heard - recent);
      for (const piece of this.#recent) await this.#phones.push(piece);
    }
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
