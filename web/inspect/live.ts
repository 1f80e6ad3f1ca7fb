import * as z from 'zod/mini';
import {
  INSPECT_LIVE_PATH,
  INSPECT_SUBPROTOCOL,
  type InspectMessage,
  type PageMessage,
  serverMessage,
} from '../../server/endpoints/inspect/wire.ts';

export type LiveStatus = 'connecting' | 'connected' | 'waiting' | 'refused' | 'closed';

export interface LiveEvents {
  /** `refused`: the token is wrong or the inspector is off; there is no retry. `waiting`: retry in `retryInMs`. `words` say why. */
  onStatus(status: LiveStatus, words: string, retryInMs?: number): void;
  /** Everything but errors of the wire, in order. After every `ready` the server sends the list and the watched sessions again. */
  onMessage(message: InspectMessage): void;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
const UNAUTHORISED = 4401;

/** The inspector's WebSocket: sends hello, reconnects after a loss, and repeats its subscriptions. */
export class LiveLink {
  readonly #url: string;
  readonly #token: () => string;
  readonly #events: LiveEvents;
  readonly #watched = new Set<string>();
  #list = false;
  #socket: WebSocket | undefined;
  #ready = false;
  #attempt = 0;
  #timer: number | undefined;
  #closed = true;

  /** `token` is asked at each connection. */
  constructor(events: LiveEvents, token: () => string = () => '', origin: string = location.origin) {
    this.#url = `${origin.replace(/^http/, 'ws')}${INSPECT_LIVE_PATH}`;
    this.#events = events;
    this.#token = token;
  }

  open(): void {
    if (!this.#closed) return;
    this.#closed = false;
    this.#attempt = 0;
    this.#connect();
  }

  /** Ends the wait for the next attempt. */
  retryNow(): void {
    if (this.#closed || this.#socket) return;
    window.clearTimeout(this.#timer);
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#drop();
    this.#events.onStatus('closed', '');
  }

  /** Whether changes of the list of live sessions are wanted. */
  list(on: boolean): void {
    this.#list = on;
    this.#send({ type: 'sessions', on });
  }

  /** Answered by `watching`. */
  watch(session: string): void {
    this.#watched.add(session);
    this.#send({ type: 'watch', session });
  }

  unwatch(session: string): void {
    this.#watched.delete(session);
    this.#send({ type: 'unwatch', session });
  }

  #connect(): void {
    this.#events.onStatus('connecting', '');
    const socket = new WebSocket(this.#url, INSPECT_SUBPROTOCOL);
    this.#socket = socket;
    socket.onopen = () => {
      const token = this.#token();
      this.#write({ type: 'hello', ...(token === '' ? {} : { token }) });
    };
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket && typeof data === 'string') this.#receive(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (this.#socket === socket) this.#lost(code, reason);
    };
  }

  #receive(data: string): void {
    let json: unknown;
    try {
      json = JSON.parse(data);
    } catch {
      return;
    }
    const parsed = z.safeParse(serverMessage, json);
    if (!parsed.success) return;
    if (parsed.data.type !== 'ready') {
      this.#events.onMessage(parsed.data);
      return;
    }
    this.#attempt = 0;
    this.#events.onStatus('connected', '');
    this.#events.onMessage(parsed.data);
    // Later subscriptions are sent when they are made.
    this.#ready = true;
    if (this.#list) this.#write({ type: 'sessions', on: true });
    for (const session of this.#watched) this.#write({ type: 'watch', session });
  }

  #lost(code: number, reason: string): void {
    this.#drop();
    if (code === UNAUTHORISED) {
      this.#closed = true;
      this.#events.onStatus('refused', reason || 'the token is not accepted');
      return;
    }
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempt++);
    this.#timer = window.setTimeout(() => this.#connect(), delayMs);
    this.#events.onStatus('waiting', reason || 'the connection was lost', delayMs);
  }

  #drop(): void {
    window.clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#ready = false;
    socket?.close(1000);
  }

  #send(message: PageMessage): void {
    if (this.#ready) this.#write(message);
  }

  #write(message: PageMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }
}
