import WebSocket from 'ws';
import { parseJson } from '../../machines/json.ts';
import { Mismatch } from './check.ts';

/** A JSON message, before its fields are checked. */
export type Message = Readonly<Record<string, unknown>> & { readonly type: string };

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** Default of how long the other side may take, ms. */
export const PATIENCE_MS = 10_000;
const SHOWN_MESSAGES = 4;
const SHOWN_CHARACTERS = 160;

/** Something that happens bit by bit. */
export abstract class Waiting {
  readonly #wake = new Set<() => void>();

  /** Waits until `find` finds something. Throws `Mismatch` with what came instead. */
  until<T>(expected: string, find: () => T | undefined, withinMs = PATIENCE_MS): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found !== undefined) end(() => resolve(found));
        else if (this.isOver) end(() => reject(this.missed(expected, 'before the end')));
      };
      const late = () => end(() => reject(this.missed(expected, `within ${withinMs} ms`)));
      const timer = setTimeout(late, withinMs);
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.#wake.delete(look);
        settle();
      };
      this.#wake.add(look);
      look();
    });
  }

  /** Something happened. */
  protected wake(): void {
    for (const look of [...this.#wake]) look();
  }

  protected missed(expected: string, when: string): Mismatch {
    return new Mismatch(`expected ${expected} ${when}; last came ${this.lately()}`);
  }

  /** Nothing more will happen. */
  protected abstract readonly isOver: boolean;
  protected abstract lately(): string;
}

/** The other side of a WebSocket: what it sent, and what it did wrong. */
export class Peer extends Waiting {
  readonly socket: WebSocket;
  readonly received: Message[] = [];
  readonly faults: string[] = [];
  closed: Closed | undefined;
  /** `faultOf` says what is wrong with a text message, if anything. */
  constructor(socket: WebSocket, faultOf: (text: string, isFirst: boolean) => string | undefined) {
    super();
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.onBinary(data);
      else {
        const text = data.toString();
        const fault = faultOf(text, this.received.length === 0);
        if (fault !== undefined) this.fault(`it sent ${shortened(text)}: ${fault}`);
        const message = parseJson(text);
        if (isMessage(message)) {
          this.received.push(message);
          this.onMessage(message);
        }
      }
      this.wake();
    });
    socket.on('pong', () => this.wake());
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.onClosed();
      this.wake();
    });
    socket.on('error', () => {}); // `close` follows
  }

  send(message: object | string | Uint8Array): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    const isText = typeof message === 'string' || message instanceof Uint8Array;
    this.socket.send(isText ? message : JSON.stringify(message));
  }

  fault(what: string): void {
    this.faults.push(what);
  }

  /** Messages of `type`, in the order of their arrival. */
  all(type: string, matches: (message: Message) => boolean = () => true): readonly Message[] {
    return this.received.filter((message) => message.type === type && matches(message));
  }

  /** Waits for the first message of `type` that matches. */
  message(
    type: string,
    matches: (message: Message) => boolean = () => true,
    expected = type,
  ): Promise<Message> {
    return this.until(expected, () => this.all(type, matches)[0]);
  }

  /** Waits for the error `code` that closes nothing. */
  warning(code: string): Promise<Message> {
    const isIt = (error: Message) => error.code === code && error.fatal === false;
    return this.message('error', isIt, `error ${code}, not fatal`);
  }

  /** Waits for the fatal error `code`, and the close code with that reason. */
  async fatal(code: string, closeCode: number): Promise<void> {
    const expected = `the fatal error ${code} and close ${closeCode} with the reason ${code}`;
    const { code: closed, reason } = await this.until(expected, () => this.closed);
    const last = this.received.at(-1);
    if (last?.code !== code || last.fatal !== true || closed !== closeCode || reason !== code)
      throw this.missed(expected, 'as the end of the connection');
  }

  /** Leaves. */
  bye(): void {
    this.socket.close(1000);
    setTimeout(() => this.socket.terminate(), 1_000).unref();
  }

  protected onMessage(_message: Message): void {}
  protected onBinary(_bytes: Buffer): void {}
  protected onClosed(): void {}

  protected get isOver(): boolean {
    return this.closed !== undefined;
  }

  protected lately(): string {
    const shown = this.received
      .filter(({ type }) => type !== 'viseme')
      .slice(-SHOWN_MESSAGES)
      .map((message) => shortened(JSON.stringify(message)));
    if (this.closed) shown.push(`close ${this.closed.code} ${this.closed.reason}`.trimEnd());
    return shown.join(', ') || 'nothing';
  }
}

export function demand(holds: boolean, broken: () => string): asserts holds {
  if (!holds) throw new Mismatch(broken());
}

/** Lets `ms` pass, to see that something does not happen. */
export function observe(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function shortened(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
