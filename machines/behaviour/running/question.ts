import type { Floor } from '../floor.ts';
import type { Understood, Wanted } from '../program.ts';
import type { Part, PartEnd } from '../snapshot.ts';
import { RunningPart } from './part.ts';

/** Words of the user. */
export interface Words {
  readonly text: string;
  readonly confidence?: number;
}

/** What a part that listens has made of words: `end`, if it has ended. */
export interface Answered {
  readonly end?: PartEnd | undefined;
}

const SILENCE_MS = 8_000;

/** A part that waits for words: while it is open, words are first of all answers to it. */
export abstract class RunningQuestion<
  P extends Part & { readonly asked: boolean } = Part & { readonly asked: boolean },
> extends RunningPart<P> {
  /** The words that it wants now. */
  abstract get wanted(): NonNullable<Wanted['answer']>;

  /** The question in the words of this moment. */
  protected abstract text(floor: Floor): string;

  /** Looks at words before anything else does: undefined if they are not for it alone. */
  hears(_words: Words, _floor: Floor): Answered | undefined {
    return undefined;
  }

  protected abstract get silenceMs(): number | undefined;

  /** The words answer it. */
  abstract understood(meant: Understood, words: Words): Answered;

  /** Neither chart nor dialog has a way for the words. */
  abstract unmatched(words: Words): Answered;

  /** Nothing was said to it. Returns its end, or undefined if it is asked again. */
  protected abstract silent(): PartEnd | undefined;

  /** Whether the user has the question. Otherwise it is asked when the floor is free. */
  get isAsked(): boolean {
    return this.plain.asked;
  }

  begin(floor: Floor): void {
    this.ask(floor);
  }

  /** Asks, also again. */
  ask(floor: Floor): void {
    this.host.say(this.id, { text: this.text(floor) });
  }

  override leave(floor: Floor): void {
    floor.cancelTimer(this.timer);
  }

  override spoken(_: unknown, floor: Floor): void {
    this.#setAsked(true);
    if (!floor.isStopped) floor.setTimer(this.timer, this.silenceMs ?? SILENCE_MS);
  }

  override due(floor: Floor): void {
    if (floor.isTaken || !floor.isFree) floor.setTimer(this.timer, this.silenceMs ?? SILENCE_MS);
    else {
      const end = this.silent();
      if (end) this.host.end(end, floor);
    }
  }

  /** Something else was said: it is to be asked again. */
  askLater(floor: Floor): void {
    floor.cancelTimer(this.timer);
    if (this.isAsked) this.#setAsked(false);
  }

  #setAsked(asked: boolean): void {
    this.change({ asked } as Partial<P>);
  }
}
