/** The texts of a behaviour: those that wait for the floor, and the one that is said. */
import type { SayInput } from './parts.ts';
import type { BehaviourSnapshot, Speech } from './snapshot.ts';
import { filled, picked } from './text.ts';

/** Texts that may wait for the floor. */
const MAX_WAITING = 32;

/** What is known of the floor: whether it is free, and whether a person has it. */
interface Hearing {
  readonly isFree: boolean;
  readonly isTaken: boolean;
  readonly isStopped: boolean;
  readonly isAway: boolean;
}

export class Texts {
  readonly #seed: number;
  #count: number;
  #waiting: readonly Speech[];
  #saying: BehaviourSnapshot['saying'];

  constructor(seed: number, from?: Pick<BehaviourSnapshot, 'texts' | 'waiting' | 'saying'>) {
    this.#seed = seed;
    this.#count = from?.texts ?? 0;
    this.#waiting = from?.waiting ?? [];
    this.#saying = from?.saying;
  }

  get plain(): Pick<BehaviourSnapshot, 'texts' | 'waiting' | 'saying'> {
    return { texts: this.#count, waiting: this.#waiting, ...(this.#saying && { saying: this.#saying }) };
  }

  get first(): Speech | undefined {
    return this.#waiting[0];
  }

  get isSaying(): boolean {
    return this.#saying !== undefined;
  }

  /** `by`: the part that waits for its end, if there is one. */
  queue(
    { text, urgent, whenInterrupted }: SayInput,
    context: Readonly<Record<string, unknown>>,
    by?: { readonly part: string; readonly entry: number },
  ): void {
    this.#count += 1;
    this.#add({
      id: `text-${this.#count}`,
      ...by,
      text: filled(picked(text, this.#seed + this.#count), context),
      ...(urgent && { urgent }),
      ...(whenInterrupted && whenInterrupted !== 'drop' && { whenInterrupted }),
    });
  }

  /** An urgent text goes before those that are not. */
  #add(speech: Speech): void {
    if (this.#waiting.length >= MAX_WAITING) throw new RangeError(`${MAX_WAITING} texts wait for the floor`);
    const at = speech.urgent ? this.#waiting.findIndex(({ urgent }) => !urgent) : -1;
    this.#waiting = this.#waiting.toSpliced(at < 0 ? this.#waiting.length : at, 0, speech);
  }

  /** An interrupted text is said before all others. */
  again(speech: Speech): void {
    this.#waiting = [speech, ...this.#waiting];
  }

  /** The text that may begin now. An urgent one waits for persons only, and for other urgent ones. */
  next({ isFree, isTaken, isStopped, isAway }: Hearing): Speech | undefined {
    const speech = this.first;
    if (!speech || isStopped || isAway) return undefined;
    if (this.#saying) return speech.urgent && !isTaken && !this.#saying.speech.urgent ? speech : undefined;
    return isFree || (speech.urgent && !isTaken) ? speech : undefined;
  }

  /** Whether this text is one that has just begun, as the reply of this generation. */
  began(id: string, generation: number): boolean {
    const speech = this.#waiting.find((one) => one.id === id);
    if (!speech) return false;
    this.#waiting = this.#waiting.filter((one) => one !== speech);
    this.#saying = { speech, generation };
    return true;
  }

  /** The reply of this generation has ended. Returns its text; undefined if it is not one of these. */
  ended(generation: number): Speech | undefined {
    if (this.#saying?.generation !== generation) return undefined;
    const { speech } = this.#saying;
    this.#saying = undefined;
    return speech;
  }

  /** Nothing of this part is to be said. Returns whether it is being said, and must be flushed. */
  drop(part: string): boolean {
    this.#waiting = this.#waiting.filter((speech) => speech.part !== part);
    if (this.#saying?.speech.part !== part || this.#saying.hushed) return false;
    this.#saying = { ...this.#saying, hushed: true };
    return true;
  }

  /** Nothing that waits is to be said. Returns it. */
  dropAll(): readonly Speech[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
