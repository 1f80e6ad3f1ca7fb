import { errorFrom, ParleyError } from '../../machines/errors.ts';
import { AsyncQueue } from '../async-queue.ts';
import { aborted } from '../cancellation.ts';
import type { SpeechConversation, SpeechEvent } from '../ports/speech.ts';
import { Mirror } from './mirror.ts';

/** What belongs to one response. */
type ResponseEvent = Extract<SpeechEvent, { readonly response: number }>;

/** The words of an utterance that was given to the model. */
class Utterance {
  /** Once the model has named it. */
  item: string | undefined;
  /** Nobody wants it any more. */
  dropped = false;
  readonly words: Promise<string>;
  #resolve: (words: string) => void = () => {};
  #reject: (error: ParleyError) => void = () => {};

  constructor() {
    this.words = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.words.catch(() => {}); // it may be dropped before it fails
  }

  known(words: string): void {
    this.#resolve(words);
  }

  fail(error: ParleyError): void {
    this.#reject(error);
  }
}

/** One connection to the model: its conversation, what is known of it, and who waits for which of its events. */
export class Link {
  readonly conversation: SpeechConversation;
  readonly mirror: Mirror;
  /** Committed and not named yet, in order. */
  readonly #unnamed: Utterance[] = [];
  /** By item. */
  readonly #untold = new Map<string, Utterance>();
  readonly #responses = new Map<number, AsyncQueue<ResponseEvent>>();
  #items = 0;
  #hearing = 0;
  #closed: ParleyError | undefined;

  constructor(conversation: SpeechConversation) {
    this.conversation = conversation;
    this.mirror = new Mirror(conversation, () => `parley_${++this.#items}`);
  }

  /** Nothing is being heard or answered, or waits for its answer. */
  get isIdle(): boolean {
    return this.#hearing === 0 && this.#responses.size === 0 && !this.mirror.isUnanswered;
  }

  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  take(event: SpeechEvent): void {
    switch (event.type) {
      case 'committed':
        this.#named(event.item);
        break;
      case 'refused':
        this.#unnamed.shift()?.fail(errorFrom(event.error));
        break;
      case 'words':
        this.#untold.get(event.item)?.known(event.text);
        break;
      case 'wordless':
        this.#untold.get(event.item)?.fail(errorFrom(event.error));
        break;
      case 'closed':
        this.#lose(errorFrom(event.error));
        break;
      default:
        this.#responses.get(event.response)?.push(event);
        if (event.type === 'done') this.#responses.get(event.response)?.end();
    }
  }

  #named(item: string): void {
    const utterance = this.#unnamed.shift();
    if (!utterance || utterance.dropped) {
      this.conversation.remove(item);
      return;
    }
    utterance.item = item;
    this.#untold.set(item, utterance);
  }

  /**
   * Gives the model one utterance and returns its words. `audio` throws if it breaks off. The utterance is an item of the
   * conversation if it has words; otherwise, and after a failure, it leaves nothing there.
   */
  async hear(audio: AsyncIterable<Int16Array>, signal: AbortSignal): Promise<string> {
    const { conversation, mirror } = this;
    const utterance = new Utterance();
    let samples = 0;
    let committed = false;
    let words = '';
    this.#hearing += 1;
    try {
      for await (const piece of audio) {
        this.#requireOpen();
        samples += piece.length;
        if (piece.length > 0) conversation.append({ rate: conversation.inputRate, samples: piece });
      }
      if (samples === 0) return '';
      this.#requireOpen();
      this.#unnamed.push(utterance);
      conversation.commit();
      committed = true;
      words = await Promise.race([utterance.words, aborted(signal)]);
      return words;
    } finally {
      this.#hearing -= 1;
      const { item } = utterance;
      utterance.dropped = true;
      if (item !== undefined) this.#untold.delete(item);
      if (words !== '' && item !== undefined) mirror.heard(item, words);
      else if (!committed && samples > 0) conversation.clear();
      else if (item !== undefined) conversation.remove(item);
    }
  }

  /** Requests a response and yields its events. Leaving it cancels the response. */
  async *respond(signal: AbortSignal): AsyncGenerator<Exclude<ResponseEvent, { type: 'done' }>, void, void> {
    this.#requireOpen();
    const events = new AsyncQueue<ResponseEvent>();
    const number = this.conversation.respond();
    this.#responses.set(number, events);
    const stop = () => {
      this.conversation.cancel(number);
      events.abort(new ParleyError('CANCELLED'));
    };
    signal.addEventListener('abort', stop, { once: true });
    let over = false;
    try {
      if (signal.aborted) stop();
      for await (const event of events) {
        over = event.type === 'done';
        if (event.type !== 'done') yield event;
        else if (event.error) throw errorFrom(event.error);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      if (!over && !signal.aborted) this.conversation.cancel(number);
      this.#responses.delete(number);
    }
  }

  /** Drops the connection. */
  close(): void {
    this.#closed ??= new ParleyError('CANCELLED', 'the connection was replaced');
    this.conversation.close();
  }

  #requireOpen(): void {
    if (this.#closed) throw this.#closed;
  }

  #lose(error: ParleyError): void {
    this.#closed ??= error;
    for (const utterance of [...this.#unnamed, ...this.#untold.values()]) utterance.fail(error);
    for (const events of this.#responses.values()) events.fail(error);
  }
}
