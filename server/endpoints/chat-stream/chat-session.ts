import type { ConversationStore, KeptTurn } from '../../../actors/ports/conversation.ts';
import { type ClientCommand, MAX_ENTRY_LENGTH } from '../../../actors/session/client-command.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import { type ErrorRecord, errorFrom, errorRecord, ParleyError } from '../../../machines/errors.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import type { Door, SessionHandle } from '../../door/door.ts';
import type { Caller } from '../../door/holder.ts';
import { TokenBucket } from '../../door/token-bucket.ts';
import { Exchange, recordOf } from './exchange.ts';
import { type ChatRequest, digestOf, type Order, orderOf } from './request.ts';

/** Name of the endpoint. */
export const CHAT_STREAM = 'chat-stream';
/** Turns of a conversation that are kept in memory, and given to a new session as its history. */
const KEPT_TURNS = 50;
/** Requests that may wait for the same answer. */
const MAX_READERS = 8;
/** A store that is slower than this is not waited for, ms: speech needs no record. */
const READ_MS = 1_000;
/** The rates of a session need a value; in one of text nothing is heard or spoken. */
const RATES = { inputRate: 16_000, outputRate: 24_000 } as const;

export interface ChatSessionParts {
  readonly door: Door;
  readonly caller: Caller;
  /** Network address of the client that began it. */
  readonly address: string;
  /** The client's name of the conversation. */
  readonly sessionId: string;
  /** An output service gets the answers as speech. */
  readonly speaks: boolean;
  /** Id of the conversation; secret. */
  readonly conversation: string;
  readonly store: ConversationStore | undefined;
  /** Time without a request after which the session ends, ms. */
  readonly idleMs: number;
  /** No request waits for an answer any more, or one does again. */
  readonly onRest: (rests: boolean) => void;
  /** The session has ended. */
  readonly onGone: () => void;
}

/** A conversation while it has a session. Its turns outlive it in the store. */
export class ChatSession {
  readonly #parts: ChatSessionParts;
  readonly #handle: SessionHandle;
  readonly #requests: TokenBucket;
  readonly #ready: Promise<unknown>;
  #opened: (failure?: ParleyError) => void = () => {};
  #gone: ErrorRecord | undefined;
  /** Turns by their number, the oldest first. */
  readonly #turns = new Map<number, Exchange>();
  #newest = -1;
  /** Turns that were given to the session and whose reply has not begun. */
  readonly #waiting: Exchange[] = [];
  /** The turn whose reply is in progress. */
  #live: Exchange | undefined;
  #generation = 0;
  /** The reply has begun to be said: once it is not any more, its text is complete. */
  #speaks = false;
  #stopped = false;
  /** Requests that are being taken. */
  #taking = 0;
  #idle: TimerHandle | undefined;
  #language: string | undefined;
  #instructions = '';
  /** While a command is given: the error with which the session answers it. */
  #answer: { error?: ErrorRecord } | undefined;
  #storeFailed = false;

  /** Opens the session. Throws like `Door.open`. */
  constructor(parts: ChatSessionParts) {
    const { door, caller, address, sessionId: alias, speaks } = parts;
    this.#parts = parts;
    const { messageBurst, messagesPerSecond } = door.limits;
    this.#requests = new TokenBucket(door.clock, { burst: messageBurst, perSecond: messagesPerSecond });
    const opened = new Promise<void>((resolve, reject) => {
      this.#opened = (failure) => (failure ? reject(failure) : resolve());
    });
    this.#handle = door.open(
      {
        endpoint: CHAT_STREAM,
        alias,
        caller,
        address,
        ...RATES,
        input: 'text',
        output: speaks ? 'audio' : 'text',
      },
      {
        opened: () => this.#opened(),
        message: (message) => this.#onMessage(message),
        audio: () => {},
        draining: () => this.#onDraining(),
        ended: (error) => this.#onEnded(error),
      },
    );
    this.#ready = Promise.all([opened, this.#load()]).then(([, kept]) => this.#resume(kept));
    this.#ready.catch(() => {}); // reported by `take`
  }

  /** Id of the session behind it. */
  get id(): string {
    return this.#handle.session;
  }

  /**
   * Returns the turn of this request: a new one, or the one that took the same request before. Throws TURN_CONFLICT,
   * TURN_OLD, TOO_FAST, or the error with which the session refuses it.
   */
  async take(request: ChatRequest, startedAtMs: number): Promise<Exchange> {
    this.#taking += 1;
    this.#idle?.cancel();
    this.#parts.onRest(false);
    try {
      await this.#ready;
      const exchange = await this.#take(request, startedAtMs);
      await exchange.taken;
      const { error, turn } = exchange;
      // A busy session refuses later than at once.
      if (error && exchange.generation === undefined && !this.#turns.has(turn)) throw errorFrom(error);
      return exchange;
    } finally {
      this.#taking -= 1;
      this.#restIfIdle();
    }
  }

  /** Stops the session, ahead of every limit and of the store. `take` then answers the request. */
  halt(): void {
    this.#handle.command({ type: 'halt' });
  }

  /** Ends the session; the conversation goes on in another one. */
  close(): void {
    this.#handle.close('bye');
    this.#leave(recordOf('CANCELLED', 'the session was closed'));
  }

  async #take(request: ChatRequest, startedAtMs: number): Promise<Exchange> {
    const [digest, order] = [digestOf(request), orderOf(request)];
    const known = await this.#known(request.turn);
    if (this.#gone) throw errorFrom(this.#gone);
    const { messagesPerSecond } = this.#parts.door.limits;
    if (!this.#requests.take(1))
      throw new ParleyError(
        'TOO_FAST',
        `more than ${messagesPerSecond} requests a second in one conversation; wait for the answer before the next`,
      );
    // A stop was obeyed whatever its number.
    if (known && order !== 'halt') {
      if (known.request !== digest) throw new ParleyError('TURN_CONFLICT', `turn ${request.turn}`);
      if (known.readers >= MAX_READERS)
        throw new ParleyError(
          'TOO_MANY',
          `${MAX_READERS} requests already wait for turn ${request.turn}; wait for their answer`,
        );
      return known;
    }
    if (request.turn <= this.#newest && order !== 'halt')
      throw new ParleyError('TURN_OLD', `${request.turn} after ${this.#newest}`);
    const { clock } = this.#parts.door;
    const exchange = new Exchange({
      ...{ turn: request.turn, request: digest, startedAtMs },
      nowMs: () => clock.nowMs(),
      onAbandoned: (abandoned) => this.#onAbandoned(abandoned),
    });
    if (order) this.#obey(order, exchange);
    else this.#ask(request, exchange);
    return exchange;
  }

  #obey(order: Order, exchange: Exchange): void {
    if (order !== 'halt') this.#command({ type: order });
    if (exchange.turn > this.#newest) this.#note(exchange);
    this.#finish(exchange);
  }

  #ask({ content, meta }: ChatRequest, exchange: Exchange): void {
    const { lang, emotionHint } = meta;
    const instructions = emotionHint ? `The user's emotional state seems to be: ${emotionHint}.` : '';
    if ((lang && lang !== this.#language) || instructions !== this.#instructions) {
      this.#command({ type: 'settings', ...(lang && { language: lang }), instructions });
      this.#language = lang ?? this.#language;
      this.#instructions = instructions;
    }
    this.#note(exchange);
    this.#waiting.push(exchange);
    try {
      this.#command({ type: 'text', text: content });
    } catch (refusal) {
      this.#waiting.pop();
      this.#forget(exchange);
      throw refusal;
    }
  }

  /** Gives a command to the session. Throws the error with which it refuses. */
  #command(command: ClientCommand): void {
    const answer: { error?: ErrorRecord } = {};
    this.#answer = answer;
    this.#handle.command(command);
    this.#answer = undefined;
    if (answer.error) throw errorFrom(answer.error);
  }

  /** This turn is the newest. */
  #note(exchange: Exchange): void {
    this.#newest = exchange.turn;
    this.#turns.set(exchange.turn, exchange);
    for (const oldest of this.#turns.keys()) {
      if (this.#turns.size <= KEPT_TURNS) break;
      this.#turns.delete(oldest);
    }
  }

  /** The session refused the turn: its number is free again. */
  #forget({ turn }: Exchange): void {
    this.#turns.delete(turn);
    this.#newest = Math.max(-1, ...this.#turns.keys());
  }

  #onMessage(message: SessionMessage): void {
    switch (message.type) {
      case 'state':
        this.#begin(message.generation);
        if (message.value === 'speaking') this.#speaks = true;
        else if (this.#speaks) this.#live?.endText();
        if (message.value !== 'ended') this.#noteStop(message.value === 'stopped');
        break;
      case 'reply':
        this.#begin(message.generation);
        this.#live?.text(message.text);
        break;
      case 'reply.end':
        this.#onReplyEnd(message);
        break;
      case 'action': {
        const { type: event, ...data } = message;
        this.#live?.emit({ event, data });
        break;
      }
      case 'error':
        this.#onError({ code: message.code, message: message.message });
        break;
    }
  }

  /** The reply of this generation begins, unless it has begun before. */
  #begin(generation: number): void {
    if (generation <= this.#generation) return;
    this.#generation = generation;
    this.#speaks = false;
    this.#live = this.#waiting.shift();
    if (!this.#live) return; // another program asked, such as a peer on the bus
    this.#live.begin(generation);
    this.#save(this.#live);
    if (this.#live.readers === 0 && this.#taking === 0) this.#onAbandoned(this.#live);
  }

  #onReplyEnd({ generation, reason }: Extract<SessionMessage, { type: 'reply.end' }>): void {
    const exchange = this.#live;
    if (exchange?.generation !== generation) return;
    this.#live = undefined;
    if (reason === 'completed') this.#finish(exchange);
    else if (reason === 'interrupted')
      this.#finish(exchange, recordOf('CANCELLED', 'the reply was interrupted'));
    else {
      exchange.endText();
      this.#finish(exchange, exchange.failure ?? recordOf('INTERNAL', 'the reply failed'));
    }
  }

  #onError(error: ErrorRecord): void {
    if (this.#answer) this.#answer.error ??= error;
    else if (this.#live) {
      this.#live.failure = error;
      this.#live.emit({ event: 'warning', data: error });
    } else {
      const refused = this.#waiting.shift();
      if (!refused) return;
      this.#forget(refused);
      this.#finish(refused, error);
    }
  }

  #noteStop(stopped: boolean): void {
    const changed = stopped !== this.#stopped;
    this.#stopped = stopped;
    // The words of the turn were the stop.
    if (stopped) for (const exchange of this.#waiting.splice(0)) this.#finish(exchange);
    const newest = this.#turns.get(this.#newest);
    if (changed && newest?.ended) this.#save(newest);
  }

  /** No request waits for this answer any more. */
  #onAbandoned(exchange: Exchange): void {
    if (exchange === this.#live) this.#handle.command({ type: 'interrupt' });
  }

  #finish(exchange: Exchange, error?: ErrorRecord): void {
    exchange.end(error);
    if (this.#turns.get(exchange.turn) === exchange) this.#save(exchange);
    this.#restIfIdle();
  }

  #onDraining(): void {
    if (this.#live) this.#live.emit({ event: 'warning', data: recordOf('DRAINING') });
    else if (this.#taking === 0) this.close();
  }

  #onEnded(error = recordOf('CANCELLED', 'the session ended')): void {
    this.#opened(errorFrom(error));
    this.#leave(error);
  }

  #leave(why: ErrorRecord): void {
    if (this.#gone) return;
    this.#gone = why;
    this.#idle?.cancel();
    const open = [...(this.#live ? [this.#live] : []), ...this.#waiting.splice(0)];
    this.#live = undefined;
    for (const exchange of open) this.#finish(exchange, why);
    this.#parts.onGone();
  }

  #restIfIdle(): void {
    if (this.#gone || this.#taking > 0 || this.#live || this.#waiting.length > 0) return;
    this.#idle?.cancel();
    this.#idle = this.#parts.door.clock.setTimer(this.#parts.idleMs, () => this.close());
    this.#parts.onRest(true);
  }

  async #known(turn: number): Promise<Exchange | undefined> {
    const known = this.#turns.get(turn);
    if (known || turn > this.#newest) return known;
    const [kept] = await this.#read({ turn, limit: 1 });
    return kept && Exchange.kept(kept);
  }

  #load(): Promise<readonly KeptTurn[]> {
    return this.#read({ limit: KEPT_TURNS });
  }

  /** Continues the conversation of earlier sessions. */
  #resume(kept: readonly KeptTurn[]): void {
    const entries = kept.toReversed().flatMap((turn) => {
      this.#note(Exchange.kept(turn));
      const { userText = '', heard = '' } = turn;
      return [
        ...(userText === '' ? [] : [{ role: 'user', content: userText } as const]),
        ...(heard === '' ? [] : [{ role: 'assistant', content: heard.slice(0, MAX_ENTRY_LENGTH) } as const]),
      ];
    });
    if (entries.length > 0) this.#handle.command({ type: 'history', entries });
    // Only `rearm` ends a stop, not the end of a session.
    if (kept[0]?.end?.stopped) this.#handle.command({ type: 'halt' });
  }

  async #read(of: { readonly turn?: number; readonly limit: number }): Promise<readonly KeptTurn[]> {
    const { store, conversation, door } = this.#parts;
    let late: TimerHandle | undefined;
    try {
      const inTime = new Promise<never>((_, reject) => {
        const fail = () => reject(new ParleyError('STORE_FAILED', `no answer within ${READ_MS} ms`));
        late = door.clock.setTimer(READ_MS, fail);
      });
      return store ? await Promise.race([store.conversationTurns({ conversation, ...of }), inTime]) : [];
    } catch (error) {
      this.#onStoreFailure(error);
      return [];
    } finally {
      late?.cancel();
    }
  }

  #save(exchange: Exchange): void {
    const { store, conversation } = this.#parts;
    const { turn, request, generation, error, ended } = exchange;
    const end = () => {
      const { ttft_ms: ttftMs, tokens } = exchange.stats;
      return { error, ttftMs, tokens, stopped: this.#stopped };
    };
    store
      ?.saveConversationTurn({
        ...{ conversation, turn, session: this.#handle.session, request, generation },
        ...(ended && { end: end() }),
      })
      .catch((failure: unknown) => this.#onStoreFailure(failure));
  }

  /** The conversation goes on. Logged once a session. */
  #onStoreFailure(thrown: unknown): void {
    const { code, message } = errorRecord(thrown, 'STORE_FAILED');
    const { log } = this.#parts.door;
    if (!this.#storeFailed)
      log.warn({ session: this.#handle.session, code }, `turns are not kept: ${message}`);
    this.#storeFailed = true;
  }
}
