import { ParleyError } from '../../machines/errors.ts';
import type { TurnEnd } from '../../machines/session/events.ts';

/** An utterance that is given to the model: its items in the conversation, and their words. */
export class Utterance {
  /** It is not wanted any more. */
  dropped = false;
  /** All words in order, once all items are known and have theirs. */
  readonly words: Promise<string>;
  /** Words by item; undefined until they are known. */
  readonly #items = new Map<string, string | undefined>();
  readonly #onTurn: (end: TurnEnd) => void;
  #speaks = false;
  #complete = false;
  #resolve: (words: string) => void = () => {};
  #reject: (error: ParleyError) => void = () => {};

  /** `onTurn` learns what a model that ends turns finds. */
  constructor(onTurn: (end: TurnEnd) => void) {
    this.#onTurn = onTurn;
    this.words = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.words.catch(() => {}); // it may be dropped before it fails
  }

  get items(): ReadonlyMap<string, string | undefined> {
    return this.#items;
  }

  /** Whether there is speech that is not an item. */
  get isUnfinished(): boolean {
    return this.#speaks || this.#items.size === 0;
  }

  /** The model hears the user. */
  speak(): void {
    this.#speaks = true;
    this.#onTurn('awaited');
  }

  add(item: string): void {
    this.#speaks = false;
    this.#items.set(item, undefined);
    this.#onTurn('reached');
  }

  known(item: string, words: string): void {
    this.#items.set(item, words);
    this.#settle();
  }

  /** No further item follows. */
  complete(): void {
    this.#complete = true;
    if (this.#items.size === 0) this.fail(new ParleyError('STT_FAILED', 'the model took no audio'));
    this.#settle();
  }

  fail(error: ParleyError): void {
    this.#reject(error);
  }

  #settle(): void {
    const words = [...this.#items.values()];
    if (this.#complete && !words.includes(undefined)) this.#resolve(words.filter(Boolean).join(' '));
  }
}
