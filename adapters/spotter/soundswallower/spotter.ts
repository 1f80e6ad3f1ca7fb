import { SteadyNoiseFilter } from '../../../actors/ear/steady-noise.ts';
import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { type Loaded, type Phone, ScoredDecoder } from '../../soundswallower/decoder.ts';
import { worstPhone } from '../../soundswallower/worst-phone.ts';
import type { Finding } from '../finding.ts';
import { isOfPhrase, type SpotterGrammar } from './grammar.ts';
import { Stretch } from './stretch.ts';
import { begins, type Evidence, isStop, isWorthwhile, LEAST_FRAMES, needsPhones } from './verdict.ts';

/** Audio between two looks at the first opinion (60 ms). */
const STEP = samplesInMs(60, PIPELINE_RATE);
/** Audio after a suspicion before the verdict (260 ms): with it the verdict comes within 500 ms of the phrase's end. */
const AFTER = samplesInMs(260, PIPELINE_RATE);
/** Audio before and behind the phrase that the second opinion hears (80 and 120 ms). Each 100 ms cost 16 ms of processor time. @internal */
export const BEFORE = samplesInMs(80, PIPELINE_RATE);
export const BEHIND = samplesInMs(120, PIPELINE_RATE);
/** The first opinion starts anew after 4 s and when the level changes, with the last 600 ms, so its level follows the sound and its memory is bounded. */
const LONGEST = samplesInMs(4_000, PIPELINE_RATE);
const AGAIN = samplesInMs(600, PIPELINE_RATE);
/** A gain that is off by more than this factor (3.5 dB) is replaced: the normalisation is fixed, so the level must fit. */
const TOLERANCE = 1.5;
const FRAME = samplesInMs(10, PIPELINE_RATE);

/** Mean cepstrum of levelled speech, fitted to people (lab/recognition.md). The decoder keeps it for 5 s and more. A mean over the utterance would remove a lone word. */
const NORMALISATION = { cmninit: '32,-6,0,-1.8,-2.6,-4,-1.7,0.2,-0.5,-0.8,0.2,-0.7,-0.5', topn: 4 } as const;
/** Beams: for a "stop" in silence and over a voice, the scores are the same down to 1e-30; at 1e-15 the phrase is lost. Nor does it change their difference to score only the active senones. */
const SEARCH = { ...NORMALISATION, beam: 1e-30, pbeam: 1e-30, wbeam: 1e-30, compallsen: false } as const;
/** Of the second opinion, which must not lose the phrase that the first has found: at 1e-30 it lost that of one voice of seven over another voice. With all senones its phones are comparable. @internal */
export const SECOND_SEARCH = {
  ...SEARCH,
  ...{ beam: 1e-60, pbeam: 1e-60, wbeam: 1e-60, compallsen: true },
} as const;

/** What it finds, with the evidence of each verdict. */
export type PhraseFinding =
  | Extract<Finding, { readonly type: 'suspected' }>
  | (Exclude<Finding, { readonly type: 'suspected' }> & { readonly evidence: Evidence });

type Extent = Pick<Phone, 'fromFrame' | 'frames'>;

interface Suspicion {
  readonly phrase: string;
  readonly from: number;
  readonly to: number;
  /** When it arose. */
  readonly at: number;
  readonly gain: number;
  /** Where the second opinion's audio begins, and how far it has heard. */
  readonly since: number;
  heard: number;
}

/** Listens for the phrases phone by phone, in one stretch of sound at a time. */
export class Spotter {
  readonly #phrases: readonly string[];
  readonly #loop: ScoredDecoder;
  readonly #with: ScoredDecoder;
  readonly #without: ScoredDecoder;
  #emit: (finding: PhraseFinding) => void = () => {};
  #denoiser = new SteadyNoiseFilter();
  #audio = new Stretch(LONGEST);
  #gain = 0;
  /** The first opinion's audio: `[#from, #to)`. */
  #from = 0;
  #to = 0;
  #started = false;
  /** Phrases that began before it were decided. */
  #decidedTo = 0;
  #suspicion: Suspicion | undefined;

  private constructor(
    phrases: readonly string[],
    loop: ScoredDecoder,
    withPhrase: ScoredDecoder,
    without: ScoredDecoder,
  ) {
    this.#phrases = phrases;
    this.#loop = loop;
    this.#with = withPhrase;
    this.#without = without;
  }

  static async make({ module }: Loaded, grammar: SpotterGrammar): Promise<Spotter> {
    const { words, loop, withPhrase, without } = grammar;
    return new Spotter(
      grammar.phrases,
      await ScoredDecoder.make(module, SEARCH, words, loop),
      await ScoredDecoder.make(module, SECOND_SEARCH, words, withPhrase),
      await ScoredDecoder.make(module, SECOND_SEARCH, words, without),
    );
  }

  /** Begins a stretch. `emit` is called as soon as something is found, before the work that follows from it. */
  begin(emit: (finding: PhraseFinding) => void): void {
    this.#emit = emit;
    this.#denoiser = new SteadyNoiseFilter();
    this.#audio = new Stretch(LONGEST);
    this.#gain = 0;
    this.#from = 0;
    this.#to = 0;
    this.#started = false;
    this.#decidedTo = 0;
    this.#suspicion = undefined;
  }

  async push(noisy: Int16Array): Promise<void> {
    const samples = this.#denoiser.process(noisy);
    for (let at = 0; at < samples.length; ) {
      const count = Math.min(samples.length - at, STEP - (this.#audio.end - this.#to));
      this.#audio.push(samples.subarray(at, at + count));
      at += count;
      if (this.#audio.end - this.#to >= STEP) await this.#look();
    }
  }

  /** Ends the stretch: a suspicion is decided. */
  async end(): Promise<void> {
    await this.#look();
    if (this.#suspicion) this.#decide(this.#suspicion);
    this.abort();
  }

  abort(): void {
    for (const decoder of [this.#loop, this.#with, this.#without]) decoder.stop();
    this.begin(() => {});
  }

  async #look(): Promise<void> {
    await this.#hear();
    if (!this.#suspicion) {
      const phrase = this.#newPhrase();
      if (phrase) await this.#consider(phrase);
    }
    if (!this.#suspicion) return;
    this.#hearAgain(this.#suspicion);
    if (this.#audio.end >= this.#suspicion.at + AFTER) this.#decide(this.#suspicion);
  }

  /** First opinion. Decodes new audio, or the newest again if the level has changed. */
  async #hear(): Promise<void> {
    const { end } = this.#audio;
    const fitting = this.#audio.gain(this.#from, end);
    const ratio = fitting / this.#gain;
    const tooLong = end - this.#from > LONGEST && !this.#suspicion;
    if (!this.#started || ratio > TOLERANCE || ratio < 1 / TOLERANCE || tooLong) {
      this.#from = Math.max(this.#from, end - AGAIN);
      this.#gain = this.#audio.gain(this.#from, end);
      this.#to = this.#from;
      await this.#loop.start();
      this.#started = true;
    }
    this.#loop.process(this.#audio.levelled(this.#to, end, this.#gain));
    this.#to = end;
  }

  /** The newest phrase of the first opinion that is long enough and was not decided before. */
  #newPhrase(): Pick<Suspicion, 'phrase' | 'from' | 'to'> | undefined {
    const text = this.#loop.text();
    if (!this.#phrases.some((phrase) => text.includes(phrase.split(' ')[0] ?? phrase))) return undefined;
    const words = this.#loop.segments().filter(({ kind }) => kind === 'word');
    for (let last = words.length - 1; last >= 0; last--)
      for (const phrase of this.#phrases) {
        const length = phrase.split(' ').length;
        const said = words.slice(Math.max(0, last - length + 1), last + 1);
        const [first, final] = [said[0], said.at(-1)];
        if (!first || !final || said.map((word) => word.text).join(' ') !== phrase) continue;
        const from = this.#from + first.fromFrame * FRAME;
        const to = this.#from + (final.fromFrame + final.frames) * FRAME;
        if (from >= this.#decidedTo && to - from >= LEAST_FRAMES * FRAME) return { phrase, from, to };
      }
    return undefined;
  }

  /** Suspects the phrase, unless there is sound before it and little of it in what was heard so far. */
  async #consider(phrase: Pick<Suspicion, 'phrase' | 'from' | 'to'>): Promise<void> {
    const suspect = () => this.#emit({ type: 'suspected', phrase: phrase.phrase, sample: phrase.to });
    const before = this.#before(phrase);
    if (begins(before)) suspect();
    const suspicion = await this.#begin(phrase);
    if (!begins(before)) {
      this.#hearAgain(suspicion);
      if (!isWorthwhile({ ratio: this.#ratio(), before })) {
        this.#decidedTo = phrase.to;
        return;
      }
      suspect();
      await this.#startSecond();
      suspicion.heard = suspicion.since;
    }
    this.#suspicion = suspicion;
  }

  async #begin(phrase: Pick<Suspicion, 'phrase' | 'from' | 'to'>): Promise<Suspicion> {
    const since = Math.max(this.#audio.first, phrase.from - BEFORE);
    await this.#startSecond();
    return {
      ...phrase,
      ...{ at: this.#audio.end, since, heard: since },
      gain: this.#audio.gain(phrase.from - 5 * FRAME, this.#audio.end),
    };
  }

  async #startSecond(): Promise<void> {
    await this.#with.start();
    await this.#without.start();
  }

  /** Second opinion, at the level of the phrase itself. */
  #hearAgain(suspicion: Suspicion): void {
    const end = Math.max(suspicion.heard, Math.min(this.#audio.end, suspicion.to + BEHIND));
    const samples = this.#audio.levelled(suspicion.heard, end, suspicion.gain);
    suspicion.heard = end;
    this.#with.process(samples);
    this.#without.process(samples);
  }

  /** Ends the second opinion: how much better its audio fits with the phrase. */
  #ratio(): number {
    this.#with.stop();
    this.#without.stop();
    return this.#with.text() === '' ? Number.NEGATIVE_INFINITY : this.#with.score() - this.#without.score();
  }

  /** Where the second opinion has the phrase. */
  #said(): Extent {
    const words = this.#with.segments().filter(({ text }) => isOfPhrase(text));
    const fromFrame = words[0]?.fromFrame ?? 0;
    const last = words.at(-1);
    return { fromFrame, frames: last ? last.fromFrame + last.frames - fromFrame : 0 };
  }

  #worst({ fromFrame, frames }: Extent): number {
    const own = this.#with
      .phones()
      .filter((phone) => phone.fromFrame >= fromFrame && phone.fromFrame < fromFrame + frames);
    return worstPhone(own, this.#without.phones());
  }

  #before({ from, to }: Pick<Suspicion, 'from' | 'to'>): number {
    return this.#louder(from, to, from - 30 * FRAME, from - 4 * FRAME);
  }

  /** How much louder the phrase is than `[start, end)`, dB. */
  #louder(from: number, to: number, start: number, end: number): number {
    const [phrase, other] = [this.#audio.loudest(from, to), this.#audio.loudest(start, end)];
    return 20 * Math.log10(Math.max(1, phrase) / Math.max(1, other));
  }

  #decide(suspicion: Suspicion): void {
    this.#hearAgain(suspicion);
    const { phrase, from, to } = suspicion;
    const ratio = this.#ratio();
    const said = this.#said();
    const whole = {
      ratio,
      before: this.#before(suspicion),
      after: this.#louder(from, to, to + 10 * FRAME, this.#audio.end),
      frames: said.frames,
    };
    const evidence = { ...whole, worst: needsPhones(whole) ? this.#worst(said) : 0 };
    this.#decidedTo = to;
    this.#suspicion = undefined;
    this.#emit(isStop(evidence) ? { type: 'confirmed', phrase, evidence } : { type: 'refuted', evidence });
  }
}
