import { errorFrom, ParleyError } from '../../machines/errors.ts';
import type { TurnEnd } from '../../machines/session/events.ts';
import { AsyncQueue } from '../async-queue.ts';
import { aborted } from '../cancellation.ts';
import type { SpeechConversation, SpeechEvent } from '../ports/speech.ts';
import { Mirror, type Wording } from './mirror.ts';
import { Utterance } from './utterance.ts';

/** What belongs to one response. */
type ResponseEvent = Extract<SpeechEvent, { readonly response: number }>;

/** One connection to the model: its conversation, what is known of it, and who waits for which of its events. */
export class Link {
  readonly conversation: SpeechConversation;
  readonly mirror: Mirror;
  /** Whether the model commits by itself. Then `cleared` is the end of an utterance's items. */
  readonly #endsTurns: boolean;
  /** Those that may still get an item, in order. */
  readonly #open: Utterance[] = [];
  /** By item without words. */
  readonly #unreported = new Map<string, Utterance>();
  readonly #responses = new Map<number, AsyncQueue<ResponseEvent>>();
  #items = 0;
  #hearing = 0;
  #closed: ParleyError | undefined;

  constructor(conversation: SpeechConversation, wording: Wording, endsTurns = false) {
    this.conversation = conversation;
    this.#endsTurns = endsTurns;
    this.mirror = new Mirror(conversation, () => `parley_${++this.#items}`, wording);
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
      case 'speaks':
        this.#open[0]?.speak();
        break;
      case 'committed':
        this.#named(event.item);
        break;
      case 'refused':
        if (!this.#endsTurns) this.#open.shift()?.fail(errorFrom(event.error));
        break;
      case 'cleared':
        if (this.#endsTurns) this.#open.shift()?.complete();
        break;
      case 'words':
        this.#unreported.get(event.item)?.known(event.item, event.text);
        break;
      case 'wordless':
        this.#unreported.get(event.item)?.fail(errorFrom(event.error));
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
    const utterance = this.#endsTurns ? this.#open[0] : this.#open.shift();
    if (!utterance || utterance.dropped) {
      this.conversation.remove(item);
      return;
    }
    utterance.add(item);
    this.mirror.committed(item);
    this.#unreported.set(item, utterance);
    if (!this.#endsTurns) utterance.complete();
  }

  /**
   * Gives the model one utterance and returns its words. `audio` throws if it breaks off. The utterance is one or several
   * items of the conversation, each with words; otherwise, and after a failure, it leaves nothing there. `onTurn` is
   * called with what a model that ends turns finds, until the audio has ended. Words that do not count leave nothing either.
   */
  async hear(
    audio: AsyncIterable<Int16Array>,
    signal: AbortSignal,
    onTurn: (end: TurnEnd) => void,
    counts: () => boolean = () => true,
  ): Promise<string> {
    const { conversation } = this;
    const utterance = new Utterance(onTurn);
    let samples = 0;
    let committed = false;
    let words = '';
    // At once: a reply that is requested in the same moment must not find it.
    const drop = () => this.#leave(utterance, false);
    signal.addEventListener('abort', drop, { once: true });
    this.#hearing += 1;
    try {
      for await (const piece of audio) {
        this.#requireOpen();
        if (piece.length === 0) continue;
        if (samples === 0 && this.#endsTurns) this.#open.push(utterance);
        samples += piece.length;
        conversation.append({ rate: conversation.inputRate, samples: piece });
      }
      if (samples === 0) return '';
      this.#requireOpen();
      this.#end(utterance);
      committed = true;
      words = await Promise.race([utterance.words, aborted(signal)]);
      return words;
    } finally {
      signal.removeEventListener('abort', drop);
      this.#hearing -= 1;
      if (!committed && samples > 0) conversation.clear();
      this.#leave(utterance, words !== '' && counts());
    }
  }

  /** The utterance is not wanted any more; unless it was `heard`, it leaves nothing in the conversation. */
  #leave(utterance: Utterance, heard: boolean): void {
    if (utterance.dropped) return;
    utterance.dropped = true;
    for (const [item, said] of utterance.items) {
      this.#unreported.delete(item);
      if (heard && said) this.mirror.heard(item, said);
      else this.mirror.unheard(item);
    }
  }

  /** The audio of the utterance is complete. */
  #end(utterance: Utterance): void {
    if (!this.#endsTurns) this.#open.push(utterance);
    if (utterance.isUnfinished) this.conversation.commit();
    if (this.#endsTurns) this.conversation.clear();
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
    for (const utterance of [...this.#open, ...this.#unreported.values()]) utterance.fail(error);
    for (const events of this.#responses.values()) events.fail(error);
  }
}
