import { AdaptiveFilter, BLOCK } from './adaptive-filter.ts';
import { Alignment } from './alignment.ts';
import { Drift } from './drift.ts';
import { FractionalDelay } from './fractional-delay.ts';
import { Judgement } from './judgement.ts';
import { energyOf, type Known, Presence } from './presence.ts';

/** Reads what was played from this sample of the microphone on, −1..1. */
export type ReadPlayed = (from: number, out: Float32Array) => void;

/** Searches without a clear answer until the path is learned anew: once may be a person who speaks all the while. */
const MOST_UNCLEAR = 2;

/** Blocks with an echo after which the filter must have removed something: 300 ms. */
const WORSE_BLOCKS = 30;

/** Receives a block of the microphone, what is left of it, and the share of it that was a sound and not explained by what is played. */
export type EmitBlock = (heard: Float32Array, left: Float32Array, voice: number) => void;

/**
 * Removes the robot's own voice from what the microphone hears, block by block: alignment at the begin of each stretch
 * of playback, the adaptive filter, and the judgement of what it leaves. The same calls give the same samples.
 */
export class EchoCanceller {
  readonly #read: ReadPlayed;
  readonly #emit: EmitBlock;
  /** Made when there is a path to be learned: it is large. */
  #adaptive: AdaptiveFilter | undefined;
  readonly #judgement: Judgement;
  readonly #alignment = new Alignment();
  /** Made with the filter. */
  #drift: Drift | undefined;
  readonly #delayed = new FractionalDelay();
  /** By how much the reference is read later because the clocks differ, samples. */
  #offset = 0;
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
  /** The sample at which the block begins that is processed, and what was played before it. */
  #at = 0;
  readonly #readBefore = (blocksAgo: number, out: Float32Array) =>
    this.#read(this.#at - blocksAgo * BLOCK, out);
  /** Blocks that wait until it is clear whether they are an echo, and the sample at which they begin. */
  #held: Float32Array[] = [];
  #heldFrom = 0;

  /**
   * `expected`: there is an echo, so what may be one does not pass before the path is known. `emit` gets all blocks in their order;
   * what is left is valid during the call.
   */
  constructor(read: ReadPlayed, expected: boolean, emit: EmitBlock) {
    this.#read = read;
    this.#emit = emit;
    this.#judgement = new Judgement(expected);
    this.#presence = expected ? undefined : new Presence();
  }

  /** How much later than `read` says the echo comes, samples; undefined until one was heard. */
  get delay(): number | undefined {
    return this.#found && this.#adaptive?.learned ? this.#adaptive.delay + this.#shift : undefined;
  }

  /** The filter removes so much of what the microphone hears that it is an echo, and not what another canceller left of one. */
  get found(): boolean {
    return this.#presence?.strong ?? this.#found;
  }

  /** What is known of an echo. */
  get known(): Known {
    return this.#presence?.known ?? 'sure';
  }

  /** Whether it was decided since the last call that there is an echo, or none. */
  takeVerdict(): boolean {
    return this.#presence?.takeVerdict() ?? false;
  }

  /** Something waits for a verdict. */
  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** What waits for a verdict passes: nothing is played any more, or nothing more is heard. */
  release(): void {
    this.#presence?.release();
    this.#passHeld();
  }

  /** Playback begins or continues after a gap, so its time must be found. */
  restart(): void {
    if (this.known === 'likely') this.#forgetPath();
    this.#drift?.restart();
    this.#presence?.began();
    if (!this.#adaptive?.learned || this.known !== 'sure') return;
    this.#searching = true;
    this.#harms = false;
    this.#alignment.restart();
  }

  /**
   * `heard`: a block from sample `from` of the microphone on. `doubtful`: it may be that nothing is played although `read` says
   * something. The filter learns nothing from it then.
   */
  process(heard: Float32Array, from: number, doubtful = false): void {
    const presence = this.#presence;
    const before = this.known;
    if (presence && before !== 'sure') {
      this.#at = from;
      if (before === 'nothing') presence.listen(heard, this.#readBefore);
      else presence.compare(heard, this.#readBefore);
    }
    if (presence?.holds) {
      if (this.#held.length === 0) this.#heldFrom = from;
      this.#held.push(heard.slice());
      return;
    }
    const known = this.known;
    if (known === 'likely' && before === 'compared') this.#expect(presence?.delay ?? 0, from);
    if (known === 'nothing' && before === 'likely') this.#forgetPath();
    if (known === 'nothing' || known === 'compared') {
      this.#passHeld();
      this.#emit(heard, this.#judgement.pass(heard), this.#judgement.voice);
    } else this.#cancel(heard, from, doubtful);
  }

  /** What is heard is an echo that comes so much later: the filter learns its path, from what was held on. */
  #expect(delay: number, from: number): void {
    const held = this.#held;
    const heldFrom = held.length > 0 ? this.#heldFrom : from;
    this.#held = [];
    this.#shift = 0;
    this.#filter.expect(delay);
    this.#judgement.expect(held.length);
    this.#load(heldFrom);
    for (const [index, block] of held.entries()) this.#cancel(block, heldFrom + index * BLOCK);
  }

  #passHeld(): void {
    const held = this.#held;
    this.#held = [];
    for (const block of held) this.#emit(block, this.#judgement.pass(block), this.#judgement.voice);
  }

  #cancel(heard: Float32Array, from: number, doubtful = false): void {
    const filter = this.#filter;
    this.#filterBlock(heard, from);
    if (doubtful) {
      this.#pass(heard, energyOf(filter.error) > energyOf(heard));
      return;
    }
    if (this.#searching) this.#search(heard, from);
    else {
      if (filter.adapt()) this.#presence?.judge(heard, filter.error);
      this.#followDrift(heard, from);
      this.#watch(heard);
    }
    this.#pass(heard);
    if (this.known === 'nothing') this.#forgetPath();
  }

  /** `adds`: the filter makes it louder, so nothing is played. */
  #pass(heard: Float32Array, adds = false): void {
    const { error, echo, uncertain } = this.#filter;
    this.#judgement.apply(error, echo, uncertain, this.#searching);
    this.#emit(heard, adds ? heard : error, this.#judgement.voice);
  }

  #filterBlock(heard: Float32Array, from: number): void {
    this.#readLate(from, this.#played);
    this.#filter.filter(heard, this.#played);
  }

  /** Reads what was played, delayed by the shift and by the drift of the clocks. */
  #readLate(from: number, out: Float32Array): void {
    this.#delayed.read((at, block) => this.#read(at, block), from - this.#shift, this.#offset, out);
  }

  #followDrift(heard: Float32Array, from: number): void {
    this.#drift ??= new Drift();
    this.#drift.add(heard, this.#played, from, this.#offset, (blocksAgo, out) =>
      this.#readLate(from - blocksAgo * BLOCK, out),
    );
    this.#offset += this.#drift.rate * BLOCK;
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
    this.#filter.reload((blocksAgo, out) => this.#readLate(from - blocksAgo * BLOCK, out));
  }

  #forget(): void {
    this.#presence?.forgot();
    this.#forgetPath();
  }

  get #filter(): AdaptiveFilter {
    this.#adaptive ??= new AdaptiveFilter();
    return this.#adaptive;
  }

  #forgetPath(): void {
    this.#adaptive?.forget();
    this.#drift?.restart();
    this.#found = false;
    this.#searching = false;
  }
}
