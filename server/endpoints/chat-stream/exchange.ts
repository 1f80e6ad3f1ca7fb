import type { KeptTurn } from '../../../actors/ports/conversation.ts';
import { toMicroseconds } from '../../../machines/clock.ts';
import { type ErrorCode, type ErrorRecord, errorRecord, ParleyError } from '../../../machines/errors.ts';
import type { SessionMessage } from '../../../machines/wire.ts';

/** An event of the stream. `done` or `error` is the last. */
export type ChatEvent =
  | { readonly event: 'text-delta'; readonly data: { readonly content: string; readonly eos: boolean } }
  | { readonly event: 'action'; readonly data: Omit<Extract<SessionMessage, { type: 'action' }>, 'type'> }
  /** Something went wrong that does not end the turn. */
  | { readonly event: 'warning'; readonly data: ErrorRecord }
  | { readonly event: 'done'; readonly data: { readonly stats: ChatStats } }
  | { readonly event: 'error'; readonly data: ErrorRecord };

export interface ChatStats {
  /** From the request to the first text, or to the end if there was none, ms. */
  readonly ttft_ms: number;
  /** Pieces in which the language engine gave the text. */
  readonly tokens: number;
}

export type ChatReader = (event: ChatEvent) => void;

export interface ExchangeParts {
  readonly turn: number;
  /** Digest of the request. */
  readonly request: string;
  readonly nowMs: () => number;
  readonly startedAtMs: number;
  /** The last reader left before the end. */
  readonly onAbandoned: (exchange: Exchange) => void;
}

/** One turn and its answer. Every reader gets all of the text, however late it joins. */
export class Exchange {
  readonly turn: number;
  readonly request: string;
  /** Generation of the reply, once it has begun. */
  generation: number | undefined;
  /** Why the session says that the reply failed, as far as known. */
  failure: ErrorRecord | undefined;
  /** Resolves when the session has begun to answer, or has refused to. */
  readonly taken: Promise<void>;
  #take: () => void = () => {};
  readonly #parts: ExchangeParts;
  readonly #readers = new Set<ChatReader>();
  #text = '';
  #textEnded = false;
  #tokens = 0;
  #ttftMs: number | undefined;
  #last: ChatEvent | undefined;

  constructor(parts: ExchangeParts) {
    this.turn = parts.turn;
    this.request = parts.request;
    this.#parts = parts;
    this.taken = new Promise((resolve) => {
      this.#take = resolve;
    });
  }

  /** An ended turn, as it was kept. */
  static kept({ turn, request, generation, end, heard }: KeptTurn): Exchange {
    const exchange = new Exchange({ turn, request, nowMs: () => 0, startedAtMs: 0, onAbandoned: () => {} });
    const isLost = heard === undefined && (generation !== undefined || !end);
    exchange.generation = generation;
    exchange.#text = heard ?? '';
    exchange.#tokens = end?.tokens ?? 0;
    exchange.#ttftMs = end?.ttftMs ?? 0;
    exchange.end(isLost ? recordOf('TURN_LOST') : end ? end.error : recordOf('CANCELLED'));
    return exchange;
  }

  get ended(): boolean {
    return this.#last !== undefined;
  }

  get readers(): number {
    return this.#readers.size;
  }

  get error(): ErrorRecord | undefined {
    return this.#last?.event === 'error' ? this.#last.data : undefined;
  }

  get stats(): ChatStats {
    return { ttft_ms: this.#fixTtft(), tokens: this.#tokens };
  }

  /** The reply of this generation answers it. */
  begin(generation: number): void {
    this.generation = generation;
    this.#take();
  }

  join(reader: ChatReader): void {
    if (this.#text !== '' || this.#textEnded)
      reader({ event: 'text-delta', data: { content: this.#text, eos: this.#textEnded } });
    if (this.#last) reader(this.#last);
    else this.#readers.add(reader);
  }

  leave(reader: ChatReader): void {
    if (this.#readers.delete(reader) && this.#readers.size === 0) this.#parts.onAbandoned(this);
  }

  text(content: string): void {
    this.#tokens += 1;
    this.#text += content;
    this.#fixTtft();
    this.emit({ event: 'text-delta', data: { content, eos: false } });
  }

  /** All of the text is there. */
  endText(): void {
    if (this.#textEnded || this.#text === '') return;
    this.#textEnded = true;
    this.emit({ event: 'text-delta', data: { content: '', eos: true } });
  }

  emit(event: ChatEvent): void {
    if (!this.#last) for (const reader of [...this.#readers]) reader(event);
  }

  /** The turn has ended, with this error or else well. Only the first call counts. */
  end(error?: ErrorRecord): void {
    if (this.#last) return;
    if (!error) this.endText();
    const last: ChatEvent = error
      ? { event: 'error', data: error }
      : { event: 'done', data: { stats: this.stats } };
    this.emit(last);
    this.#last = last;
    this.#take();
    this.#readers.clear();
  }

  #fixTtft(): number {
    const { nowMs, startedAtMs } = this.#parts;
    this.#ttftMs ??= toMicroseconds(nowMs() - startedAtMs);
    return this.#ttftMs;
  }
}

export function recordOf(code: ErrorCode, detail?: string): ErrorRecord {
  return errorRecord(new ParleyError(code, detail), code);
}
