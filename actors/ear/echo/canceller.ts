import { AdaptiveFilter, BLOCK } from './adaptive-filter.ts';
import { Alignment } from './alignment.ts';
import { Judgement } from './judgement.ts';
import { Presence } from './presence.ts';

/** Reads what was played from this sample of the microphone on, −1..1. */
export type ReadPlayed = (from: number, out: Float32Array) => void;

/** Searches without a clear answer until the path is learned anew: once may be a person who speaks all the while. */
const MOST_UNCLEAR = 2;

/** Blocks with an echo after which the filter must have removed something: 300 ms. */
const WORSE_BLOCKS = 30;

/**
 * Removes the robot's own voice from what the microphone hears, block by block: alignment at the begin of each stretch
 * of playback, the adaptive filter, and the judgement of what it leaves. The same calls give the same samples.
 */
export class EchoCanceller {
  readonly #read: ReadPlayed;
  readonly #filter = new AdaptiveFilter();
  readonly #judgement: Judgement;
  readonly #alignment = new Alignment();
  readonly #played = new Float32Array(BLOCK);
  #searching = false;
  #unclear = 0;
  /** The search began because the filter added more than it removed. */
  #harms = false;
  /** Power of the microphone and of what the filter left, over `WORSE_BLOCKS` with an echo. */
  #heard = 0;
  #left = 0;
  #blocks = 0;
  /** An echo was well above the noise since the path was last forgotten. */
  #found = false;
  /** How much later the echo comes than `read` says, samples. */
  #shift = 0;
  /** Undefined: there is an echo, the client said so. */
  readonly #presence: Presence | undefined;

  /** `expected`: there is an echo, so what may be one does not pass before the path is known. */
  constructor(read: ReadPlayed, expected: boolean) {
    this.#read = read;
    this.#judgement = new Judgement(expected);
    this.#presence = expected ? undefined : new Presence();
  }

  /** Share of the last block that was a sound, and not explained by what is played, 0..1. */
  get voice(): number {
    return this.#judgement.voice;
  }

  /** How much later than `read` says the echo comes, samples; undefined until one was heard. */
  get delay(): number | undefined {
    return this.#found && this.#filter.learned ? this.#filter.delay + this.#shift : undefined;
  }

  /** Playback begins or continues after a gap, so its time must be found. */
  restart(): void {
    this.#presence?.began();
    if (!this.#filter.learned || this.#presence?.sure === false) return;
    this.#searching = true;
    this.#harms = false;
    this.#alignment.restart();
  }

  /** `heard`, a block from sample `from` of the microphone on. Returns it without the echo, valid until the next call. */
  process(heard: Float32Array, from: number): Float32Array {
    const filter = this.#filter;
    if (this.#presence && !this.#presence.looking) {
      if (!this.#presence.wakes(heard)) return this.#judgement.pass(heard);
      this.#load(from);
    }
    this.#filterBlock(heard, from);
    if (this.#searching) this.#search(heard, from);
    else {
      if (filter.adapt() && this.#presence?.judge(heard, filter.error)) this.#forget();
      this.#watch(heard);
    }
    this.#judgement.apply(filter.error, filter.echo, filter.uncertain, this.#searching);
    return filter.error;
  }

  #filterBlock(heard: Float32Array, from: number): void {
    this.#read(from - this.#shift, this.#played);
    this.#filter.filter(heard, this.#played);
  }

  /** Looks for the echo again when the filter adds more than it removes: it then comes otherwise than it did. */
  #watch(heard: Float32Array): void {
    if (!this.#judgement.loud) return;
    this.#found = true;
    for (let i = 0; i < BLOCK; i++) {
      this.#heard += (heard[i] as number) ** 2;
      this.#left += (this.#filter.error[i] as number) ** 2;
    }
    if (++this.#blocks < WORSE_BLOCKS) return;
    if (this.#left > this.#heard) {
      this.restart();
      this.#harms = true;
    }
    this.#heard = 0;
    this.#left = 0;
    this.#blocks = 0;
  }

  #search(heard: Float32Array, from: number): void {
    const found = this.#alignment.search(heard, this.#filter.echo, this.#judgement.loud);
    if (found === undefined) return;
    this.#searching = false;
    if (found === 'unclear') {
      // Only a filter that does harm is given up: a person who speaks hides the echo, too.
      if (!this.#harms || ++this.#unclear < MOST_UNCLEAR) return;
      this.#unclear = 0;
      this.#forget();
    } else {
      this.#unclear = 0;
      if (found.shift === 0) return;
      this.#shift += found.shift;
      this.#load(from);
      this.#filterBlock(heard, from);
    }
  }

  /** Gives the filter what was played before sample `from`. */
  #load(from: number): void {
    this.#filter.reload((blocksAgo, out) => this.#read(from - blocksAgo * BLOCK - this.#shift, out));
  }

  #forget(): void {
    this.#filter.forget();
    this.#presence?.forgot();
    this.#found = false;
  }
}
